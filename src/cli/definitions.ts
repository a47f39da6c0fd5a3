import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { jsonErrorAt } from '../daemon/json-error.ts';
import { OptionError } from '../daemon/option-error.ts';
import { segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { fileText } from './api/connection-flags.ts';
import { listAt } from './api/json-fields.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { toggle } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { indentedJson } from './terminal/indented-json.ts';
import { amountOf } from './terminal/quantity-texts.ts';
import { visible } from './terminal/text-width.ts';

/** An import answers when everything is on the disk. */
const IMPORT_WAIT_MS = 60_000;
/** The file has the hashes of passwords: it is for its owner alone. */
const OWNER_ONLY = 0o600;

/** What definitions hold, in the order in which it is said. */
const KINDS: readonly (readonly [key: string, noun: string, plural?: string])[] = [
  ['vhosts', 'vhost'],
  ['users', 'user'],
  ['permissions', 'permission'],
  ['topic_permissions', 'topic permission'],
  ['policies', 'policy', 'policies'],
  ['parameters', 'parameter'],
  ['exchanges', 'exchange'],
  ['queues', 'queue'],
  ['bindings', 'binding'],
];

export const definitionsCommand: Command = apiCommand({
  name: 'definitions',
  summary: 'Export all definitions, or import them',
  about: `
Definitions are all that is declared and set: vhosts, users (with the hashes of
their passwords), permissions, policies, exchanges, queues and bindings; no
messages. They have the form of RabbitMQ, whose exports can be imported here, and
ours there.`,
  needsVerb: true,
  verbs: [
    verb({
      name: 'export',
      summary: 'write the definitions to a file, or to standard output',
      operands: [{ name: 'FILE', optional: true }],
      flags: { force: toggle('write over a file that is there') },
      vhosts: 'vhosts',
      async run({ api, output, givenVhost, flags, operands: [file] }) {
        const { text, json } = await api.ask({ path: pathOf(givenVhost), ...aboutOf(givenVhost) });
        const document = `${indentedJson(text)}\n`;
        if (file === undefined || file === '-') {
          output.bytes(Buffer.from(document));
        } else {
          writePrivately(file, document, flags.force);
          output.lines([`Wrote ${summaryOf(json)} to ${visible(file)}.`]);
        }
        return EXIT_OK;
      },
    }),
    verb({
      name: 'import',
      summary: 'declare and set what a file says, or standard input; the rest stays',
      operands: [{ name: 'FILE', optional: true }],
      flags: {},
      vhosts: 'vhosts',
      async run({ api, output, json, givenVhost, operands: [file] }) {
        const { text, definitions } = readDefinitions(file);
        const path = pathOf(givenVhost);
        const answer = await api.ask({
          method: 'POST',
          path,
          bodyText: text,
          waitMs: IMPORT_WAIT_MS,
          ...aboutOf(givenVhost),
        });
        if (!json) output.lines([`Imported ${summaryOf(definitions)}.`]);
        else if (answer.json !== undefined) output.json(answer.json);
        return EXIT_OK;
      },
    }),
  ],
  examples: [
    ['leveret definitions export broker.json', 'to a file that only you can read'],
    ['leveret definitions export --vhost shop | leveret definitions import --vhost test', 'copy a vhost'],
    ['leveret definitions import broker.json --url http://new.example:15672', 'into another broker'],
  ],
});

function pathOf(vhost: string | undefined): string {
  return `/api/definitions${vhost === undefined ? '' : `/${segment(vhost)}`}`;
}

function aboutOf(vhost: string | undefined): { readonly about?: string } {
  return vhost === undefined ? {} : { about: `vhost '${vhost}'` };
}

/** A new file is made with its mode; one that is there may have another mode, and another owner's eyes on it. */
function writePrivately(path: string, text: string, force: boolean): void {
  try {
    const file = openSync(path, force ? 'w' : 'wx', OWNER_ONLY);
    writeSync(file, text);
    closeSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const hint = code === 'EEXIST' ? 'it exists already; --force writes over it' : String(code);
    throw new OptionError(`cannot write ${path}: ${hint}`);
  }
}

/** The text is sent as it is: read and written again, numbers above 2^53 would not be the same. */
function readDefinitions(file: string | undefined): { readonly text: string; readonly definitions: unknown } {
  const isPiped = file === undefined || file === '-';
  if (isPiped && process.stdin.isTTY) throw new OptionError('FILE is missing: name it, or pipe it in');
  const text = isPiped ? readFileSync(process.stdin.fd, 'utf8') : fileText(file, 'FILE');
  const name = isPiped ? 'standard input' : file;
  const errorAt = jsonErrorAt(text);
  if (errorAt !== undefined) {
    const line = text.slice(0, errorAt).split('\n').length;
    throw new ApiFailure('REFUSED', `${name} is no JSON: line ${line} is wrong`);
  }
  return { text, definitions: JSON.parse(text) };
}

/** `2 vhosts, 1 user and 14 queues`. */
function summaryOf(definitions: unknown): string {
  const amounts = KINDS.map(([key, noun, plural]) => [listAt(definitions, key).length, noun, plural] as const)
    .filter(([count]) => count > 0)
    .map(([count, noun, plural]) => amountOf(count, noun, plural));
  const last = amounts.pop();
  if (last === undefined) return 'nothing';
  return amounts.length === 0 ? last : `${amounts.join(', ')} and ${last}`;
}
