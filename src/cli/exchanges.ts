import { text } from '../daemon/option-kinds.ts';
import { segment } from './api/api-client.ts';
import { numberAt, textAt } from './api/json-fields.ts';
import { change } from './change.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { objectOf, pair } from './grammar/flag-kinds.ts';
import { list, optionOr, toggle } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import {
  fieldColumn,
  type ListColumn,
  listVerb,
  numberColumn,
  textColumn,
  VHOST_COLUMN,
} from './list-verb.ts';
import { showVerb } from './show-verb.ts';
import { exchangeText, featuresText } from './terminal/name-texts.ts';
import { rateText } from './terminal/quantity-texts.ts';

const COLUMNS: readonly ListColumn[] = [
  VHOST_COLUMN,
  textColumn('name', (exchange) => exchangeText(textAt(exchange, 'name'))),
  fieldColumn('type', 'type'),
  rate('in', 'publish_in', 1),
  rate('out', 'publish_out', 1),
  textColumn('features', featuresText, 2),
];

export const exchangesCommand: Command = apiCommand({
  name: 'exchanges',
  summary: 'List, declare and delete exchanges',
  about: `
Lists exchanges with the messages per second that come to them (in), and that
they pass on to queues (out).`,
  verbs: [
    listVerb({
      path: 'exchanges',
      plural: 'exchanges',
      summary: 'list exchanges',
      columns: COLUMNS,
      nameOf: (exchange) => textAt(exchange, 'name'),
    }),
    showVerb({ thing: 'exchange', vhosts: 'vhost', pathOf: exchangePath, textOf: exchangeIn }),
    verb({
      name: 'declare',
      summary: 'declare an exchange, durable unless told otherwise',
      operands: [{ name: 'EXCHANGE' }],
      flags: {
        type: optionOr(text('type'), 'direct', 'direct, fanout, topic, headers, x-delayed-message, ...'),
        durable: toggle('it outlives a restart of the broker: so it is unless --transient'),
        transient: toggle('it is gone after a restart of the broker'),
        autoDelete: toggle('it is deleted when its last binding goes'),
        internal: toggle('nobody can publish to it; it is for bindings of exchanges'),
        argument: list(pair('name=value'), 'an argument, like alternate-exchange=rest; can be repeated'),
      },
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags,
          operands: [name = ''],
        } = invocation;
        const body = {
          type: flags.type,
          durable: !flags.transient,
          auto_delete: flags.autoDelete,
          internal: flags.internal,
          arguments: objectOf(flags.argument),
        };
        const text = exchangeIn(vhost, name);
        const request = {
          method: 'PUT',
          path: exchangePath(vhost, name),
          body,
          about: `vhost '${vhost}'`,
        } as const;
        return change(invocation, request, `Declared ${text}.`, `There is ${text} already.`);
      },
    }),
    verb({
      name: 'delete',
      summary: 'delete an exchange and its bindings',
      operands: [{ name: 'EXCHANGE' }],
      flags: { ifUnused: toggle('only when nothing is bound to it') },
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags,
          operands: [name = ''],
        } = invocation;
        const path = `${exchangePath(vhost, name)}${flags.ifUnused ? '?if-unused=true' : ''}`;
        const text = exchangeIn(vhost, name);
        return change(invocation, { method: 'DELETE', path, about: text }, `Deleted ${text}.`);
      },
    }),
  ],
  examples: [
    ['leveret exchanges declare events --type topic', 'a durable topic exchange'],
    ['leveret exchanges delete events --if-unused', 'delete it, unless something is bound to it'],
  ],
});

function rate(title: string, event: string, dropRank: number): ListColumn {
  const read = (exchange: unknown): number => numberAt(exchange, `message_stats.${event}_details.rate`) ?? 0;
  return numberColumn(title, read, rateText, dropRank);
}

/** In paths the default exchange has a name. */
export function exchangePath(vhost: string, name: string): string {
  return `/api/exchanges/${segment(vhost)}/${segment(name === '' ? 'amq.default' : name)}`;
}

function exchangeIn(vhost: string, name: string): string {
  return `exchange '${name}' in vhost '${vhost}'`;
}
