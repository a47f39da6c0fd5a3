/** A delay as somebody types it: a number, and what it counts. */
export const DELAY_UNITS = ['ms', 's', 'min'] as const;

export type DelayUnit = (typeof DELAY_UNITS)[number];

const UNIT_MS: Readonly<Record<DelayUnit, number>> = { ms: 1, s: 1000, min: 60_000 };

export interface TypedDelay {
  /** Undefined: nothing was typed. */
  readonly amount: number | undefined;
  readonly unit: DelayUnit;
}

/** In the largest unit that leaves no fraction. */
export function typedDelay(milliseconds: number): TypedDelay {
  const unit = [...DELAY_UNITS].reverse().find((each) => milliseconds % UNIT_MS[each] === 0) ?? 'ms';
  return { amount: milliseconds / UNIT_MS[unit], unit };
}

export function delayMs({ amount, unit }: TypedDelay): number | undefined {
  return amount === undefined ? undefined : amount * UNIT_MS[unit];
}
