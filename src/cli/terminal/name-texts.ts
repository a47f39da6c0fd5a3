import { entriesAt, isTrueAt, shortText } from '../api/json-fields.ts';
import { visible } from './text-width.ts';

const NONE: ReadonlySet<string> = new Set();

/** The default exchange has no name, and a cell without text would say nothing. */
export function exchangeText(name: string | undefined): string {
  return name === undefined ? '' : name === '' ? '(default)' : visible(name);
}

/** What is special about a queue or exchange, shortly; what most of them are is not said. */
export function featuresText(item: unknown): string {
  const features = [
    isTrueAt(item, 'durable') ? '' : 'transient',
    isTrueAt(item, 'exclusive') ? 'exclusive' : '',
    isTrueAt(item, 'auto_delete') ? 'auto-delete' : '',
    isTrueAt(item, 'internal') ? 'internal' : '',
    ...entriesAt(item, 'arguments')
      .filter(([name]) => name !== 'x-queue-type')
      .map(argumentText),
  ];
  return features.filter((feature) => feature !== '').join(' ');
}

/** `max-length=10`: what most arguments begin with is left out. */
function argumentText([name, value]: readonly [string, unknown]): string {
  return visible(`${name.replace(/^x-/, '')}=${shortText(value)}`);
}

/** Arguments and headers as `name=value name=value`. */
export function pairsText(value: unknown, path: string, leftOut: ReadonlySet<string> = NONE): string {
  return entriesAt(value, path)
    .filter(([name]) => !leftOut.has(name))
    .map(([name, each]) => visible(`${name}=${shortText(each)}`))
    .join(' ');
}
