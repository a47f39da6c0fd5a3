import { text } from '../daemon/option-kinds.ts';
import type { ApiClient } from './api/api-client.ts';
import { segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { fieldAt, listOf, textAt } from './api/json-fields.ts';
import { change } from './change.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { anyText, objectOf, type Pairs, pair } from './grammar/flag-kinds.ts';
import { type Flag, list, option, optionOr, toggle } from './grammar/flags.ts';
import type { Operand } from './grammar/read-words.ts';
import { verb } from './grammar/verb.ts';
import { fieldColumn, listVerb, textColumn, VHOST_COLUMN } from './list-verb.ts';
import { exchangeText, pairsText } from './terminal/name-texts.ts';
import { visible } from './terminal/text-width.ts';

const ENDS: readonly Operand[] = [{ name: 'SOURCE' }, { name: 'DESTINATION' }];

const KEY_FLAGS: {
  readonly routingKey: Flag<string>;
  readonly argument: Flag<Pairs>;
  readonly toExchange: Flag<boolean>;
} = {
  routingKey: { ...optionOr(anyText('key'), '', 'the routing key of the binding'), initialText: 'empty' },
  argument: list(pair('name=value'), 'an argument, for headers exchanges; can be repeated'),
  toExchange: toggle('the destination is an exchange, not a queue'),
};

export const bindingsCommand: Command = apiCommand({
  name: 'bindings',
  summary: 'List, add and delete bindings',
  about: `
Lists what is bound to which exchange: messages go from the source to the
destination when they match the routing key or the arguments.`,
  verbs: [
    listVerb({
      path: 'bindings',
      plural: 'bindings',
      summary: 'list bindings; --match looks at source and destination',
      columns: [
        VHOST_COLUMN,
        textColumn('source', (binding) => exchangeText(textAt(binding, 'source'))),
        fieldColumn('destination', 'destination'),
        fieldColumn('kind', 'destination_type', 1),
        fieldColumn('routing key', 'routing_key'),
        textColumn('arguments', (binding) => pairsText(binding, 'arguments'), 2),
      ],
      nameOf: (binding) => `${textAt(binding, 'source')}\n${textAt(binding, 'destination')}`,
    }),
    verb({
      name: 'add',
      summary: 'bind a queue or an exchange to an exchange',
      operands: ENDS,
      flags: KEY_FLAGS,
      vhosts: 'vhost',
      run(invocation) {
        const { vhost, flags, operands } = invocation;
        const [source = '', destination = ''] = operands;
        const path = pathBetween(vhost, source, destination, flags.toExchange);
        const body = { routing_key: flags.routingKey, arguments: objectOf(flags.argument) };
        const about = `exchange '${source}', or no such destination '${destination}', in vhost '${vhost}'`;
        const done = `Bound '${destination}' to exchange '${source}' in vhost '${vhost}'.`;
        return change(invocation, { method: 'POST', path, body, about }, done);
      },
    }),
    verb({
      name: 'delete',
      summary: 'delete a binding: the one with this routing key and these arguments',
      operands: ENDS,
      flags: {
        ...KEY_FLAGS,
        propertiesKey: option(text('key'), 'name it by its properties_key, as --json shows it'),
      },
      vhosts: 'vhost',
      async run(invocation) {
        const { api, vhost, flags, operands } = invocation;
        const [source = '', destination = ''] = operands;
        const path = pathBetween(vhost, source, destination, flags.toExchange);
        const wanted = { routingKey: flags.routingKey, arguments: objectOf(flags.argument) };
        const key = flags.propertiesKey ?? (await propertiesKeyOf(api, path, wanted));
        const done = `Deleted the binding of '${destination}' to exchange '${source}' in vhost '${vhost}'.`;
        const about = `binding with the properties_key '${key}'`;
        return change(invocation, { method: 'DELETE', path: `${path}/${segment(key)}`, about }, done);
      },
    }),
  ],
  examples: [
    ['leveret bindings add events orders --routing-key order.#', 'queue orders gets what matches order.#'],
    ['leveret bindings delete events orders --routing-key order.#', 'and gets it no more'],
    ['leveret bindings --match orders', 'all that lead to or from orders'],
  ],
});

interface WantedBinding {
  readonly routingKey: string;
  readonly arguments: { readonly [name: string]: unknown };
}

/** The broker names a binding by a key of its own making: it is looked for, not guessed. */
async function propertiesKeyOf(api: ApiClient, path: string, wanted: WantedBinding): Promise<string> {
  const bindings = listOf(await api.get(path, 'such binding: its source or destination does not exist'));
  const found = bindings.find(
    (binding) =>
      textAt(binding, 'routing_key') === wanted.routingKey &&
      sameArguments(fieldAt(binding, 'arguments'), wanted.arguments),
  );
  if (found !== undefined) return textAt(found, 'properties_key') ?? '~';
  const others = bindings.map((binding) => `'${textAt(binding, 'routing_key')}'`).join(', ');
  const hint =
    others === '' ? 'there are none between the two' : `the routing keys between the two: ${others}`;
  const text = `there is no binding with routing key '${wanted.routingKey}' and these arguments; ${hint}`;
  throw new ApiFailure('NOT_FOUND', visible(text));
}

function sameArguments(found: unknown, wanted: { readonly [name: string]: unknown }): boolean {
  const sorted = (value: unknown): string =>
    JSON.stringify(Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(found) === sorted(wanted);
}

function pathBetween(vhost: string, source: string, destination: string, toExchange: boolean): string {
  const kind = toExchange ? 'e' : 'q';
  return `/api/bindings/${segment(vhost)}/e/${segment(source)}/${kind}/${segment(destination)}`;
}
