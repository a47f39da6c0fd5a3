import { oneOf } from '../daemon/option-kinds.ts';
import { numberAt, textAt } from './api/json-fields.ts';
import { change } from './change.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { objectOf, pair } from './grammar/flag-kinds.ts';
import { list, option, toggle } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import {
  fieldColumn,
  type ListColumn,
  listVerb,
  numberColumn,
  textColumn,
  VHOST_COLUMN,
} from './list-verb.ts';
import { flowVerb } from './queue-flow.ts';
import { queuePath, queueText } from './queue-paths.ts';
import { showVerb } from './show-verb.ts';
import { featuresText } from './terminal/name-texts.ts';
import { numberText, rateText } from './terminal/quantity-texts.ts';
import type { Style } from './terminal/style.ts';

const COLUMNS: readonly ListColumn[] = [
  VHOST_COLUMN,
  fieldColumn('name', 'name'),
  fieldColumn('type', 'type', 4),
  { title: 'state', align: 'left', dropRank: 2, cell: (queue) => stateCell(textAt(queue, 'state') ?? '') },
  count('ready', 'messages_ready'),
  count('unacked', 'messages_unacknowledged'),
  rate('in', 'publish'),
  rate('out', 'deliver_get'),
  rate('acked', 'ack', 3),
  count('consumers', 'consumers', 1),
  textColumn('features', featuresText, 5),
];

export const queuesCommand: Command = apiCommand({
  name: 'queues',
  summary: 'List, declare and delete queues',
  about: `
Lists queues with what is in them: messages that are ready, messages that are
delivered and not acknowledged (unacked), and messages per second that come in,
go out and are acknowledged.`,
  verbs: [
    listVerb({
      path: 'queues',
      plural: 'queues',
      summary: 'list queues',
      columns: COLUMNS,
      nameOf: (queue) => textAt(queue, 'name'),
    }),
    showVerb({ thing: 'queue', vhosts: 'vhost', pathOf: queuePath, textOf: queueText }),
    flowVerb,
    verb({
      name: 'declare',
      summary: 'declare a queue, durable unless told otherwise',
      operands: [{ name: 'QUEUE' }],
      flags: {
        durable: toggle('it outlives a restart of the broker: so it is unless --transient'),
        transient: toggle('it is gone after a restart of the broker'),
        autoDelete: toggle('it is deleted when its last consumer goes'),
        type: option(
          oneOf(['classic', 'quorum', 'stream'], 'type'),
          'the type, as the argument x-queue-type',
        ),
        argument: list(pair('name=value'), 'an argument, like x-max-length=1000; can be repeated'),
      },
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags,
          operands: [name = ''],
        } = invocation;
        const type = flags.type === undefined ? {} : { 'x-queue-type': flags.type };
        const body = {
          durable: !flags.transient,
          auto_delete: flags.autoDelete,
          arguments: { ...type, ...objectOf(flags.argument) },
        };
        const text = queueText(vhost, name);
        const request = {
          method: 'PUT',
          path: queuePath(vhost, name),
          body,
          about: `vhost '${vhost}'`,
        } as const;
        return change(invocation, request, `Declared ${text}.`, `There is ${text} already.`);
      },
    }),
    verb({
      name: 'delete',
      summary: 'delete a queue and the messages in it',
      operands: [{ name: 'QUEUE' }],
      flags: {
        ifEmpty: toggle('only when it has no messages'),
        ifUnused: toggle('only when it has no consumers'),
      },
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags,
          operands: [name = ''],
        } = invocation;
        const conditions = [flags.ifEmpty ? 'if-empty=true' : '', flags.ifUnused ? 'if-unused=true' : ''];
        const query = conditions.filter((condition) => condition !== '').join('&');
        const path = `${queuePath(vhost, name)}${query === '' ? '' : `?${query}`}`;
        const text = queueText(vhost, name);
        return change(invocation, { method: 'DELETE', path, about: text }, `Deleted ${text}.`);
      },
    }),
  ],
  examples: [
    ['leveret queues --sort ready --limit 10', 'the ten longest queues'],
    ['leveret queues declare orders --argument x-max-length=100000', 'a queue with a limit'],
    ['leveret queues delete orders --if-empty', 'delete it, unless messages are in it'],
  ],
});

function count(title: string, path: string, dropRank?: number): ListColumn {
  return numberColumn(title, (queue) => numberAt(queue, path), numberText, dropRank);
}

/** Without statistics nothing has happened yet. */
function rate(title: string, event: string, dropRank?: number): ListColumn {
  const read = (queue: unknown): number => numberAt(queue, `message_stats.${event}_details.rate`) ?? 0;
  return numberColumn(title, read, rateText, dropRank);
}

function stateCell(state: string): { readonly text: string; readonly style: Style } {
  return { text: state, style: STATE_STYLES.get(state) ?? 'yellow' };
}

const STATE_STYLES: ReadonlyMap<string, Style> = new Map([
  ['running', 'plain'],
  ['idle', 'dim'],
  ['down', 'red'],
  ['crashed', 'red'],
]);
