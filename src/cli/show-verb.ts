import { shortText } from './api/json-fields.ts';
import { EXIT_OK } from './command.ts';
import { type Verb, verb } from './grammar/verb.ts';
import { visible } from './terminal/text-width.ts';

export interface ShowDefinition {
  /** `queue`: what is shown; its operand is the same in capitals. */
  readonly thing: string;
  readonly vhosts: 'vhost' | 'none';
  /** Where the API has it. */
  pathOf(vhost: string, name: string): string;
  /** What it is called when it is not there. */
  textOf(vhost: string, name: string): string;
}

/** `show` of a command: all that the API says of one thing. */
export function showVerb({ thing, vhosts, pathOf, textOf }: ShowDefinition): Verb {
  return verb({
    name: 'show',
    summary: `show all that is known of a${/^[aeio]/.test(thing) ? 'n' : ''} ${thing}`,
    operands: [{ name: thing.toUpperCase() }],
    flags: {},
    vhosts,
    async run({ api, output, vhost, json, operands: [name = ''] }) {
      const found = await api.get(pathOf(vhost, name), textOf(vhost, name));
      if (json) output.json(found);
      else output.lines(detailLines(found));
      return EXIT_OK;
    },
  });
}

/** All fields of one object, a line each; the fields of its parts with dots in front, lists as JSON. */
function detailLines(value: unknown): string[] {
  const fields = flattened(value, '');
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields.map(([name, each]) => `${name.padEnd(width)}  ${visible(shortText(each))}`.trimEnd());
}

function flattened(value: unknown, prefix: string): [string, unknown][] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isObject ? Object.entries(value) : [];
  if (entries.length === 0) return [[visible(prefix), value]];
  return entries.flatMap(([key, each]) => flattened(each, prefix === '' ? key : `${prefix}.${key}`));
}
