import type { Texts } from '../../language/language.tsx';

/** A reason in words. One that the broker does not know may stand in a header, and is shown as it is. */
export function reasonText(reason: string, reasons: Texts['deadLetters']['reasons']): string {
  return isKnown(reason, reasons) ? reasons[reason] : reason;
}

function isKnown<T extends object>(name: PropertyKey, names: T): name is keyof T {
  return Object.hasOwn(names, name);
}
