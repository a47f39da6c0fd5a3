import { segment } from './api/api-client.ts';
import { numberAt, textAt } from './api/json-fields.ts';
import { readList } from './api/read-list.ts';
import { change } from './change.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { verb } from './grammar/verb.ts';
import { fieldColumn, type ListColumn, numberColumn, printList, textColumn } from './list-verb.ts';
import { exchangeText, pairsText } from './terminal/name-texts.ts';
import { bytesText } from './terminal/quantity-texts.ts';

/** What they say is in the column `due`. */
const TIME_HEADERS: ReadonlySet<string> = new Set(['x-deliver-at', 'x-delay']);

const COLUMNS: readonly ListColumn[] = [
  fieldColumn('id', 'id'),
  { ...fieldColumn('due', 'due_at'), isWhole: true },
  textColumn('exchange', (message) => exchangeText(textAt(message, 'exchange'))),
  fieldColumn('routing key', 'routing_key'),
  numberColumn('size', (message) => numberAt(message, 'payload_bytes'), bytesText, 1),
  fieldColumn('message id', 'properties.message_id', 2),
  textColumn('headers', (message) => pairsText(message, 'headers', TIME_HEADERS), 3),
];

export const scheduledCommand: Command = apiCommand({
  name: 'scheduled',
  summary: 'List messages for later, and cancel them',
  about: `
Lists messages that wait for their time, the next one first: published with
--delay or --at, with the header x-delay to an x-delayed-message exchange, or
with x-deliver-at. Those that wait for another delivery are not among them.`,
  verbs: [
    verb({
      name: 'list',
      summary: 'list messages for later',
      flags: {},
      vhosts: 'vhost',
      async run(invocation) {
        const { api, vhost } = invocation;
        const found = await readList(api, `/v1/scheduled/${segment(vhost)}`, '', `vhost '${vhost}'`);
        printList(invocation, { columns: COLUMNS, plural: 'messages for later' }, found);
        return EXIT_OK;
      },
    }),
    verb({
      name: 'cancel',
      summary: 'cancel one: it is never published',
      operands: [{ name: 'ID' }],
      flags: {},
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          operands: [id = ''],
        } = invocation;
        const path = `/v1/scheduled/${segment(vhost)}/${segment(id)}`;
        const about = `scheduled message '${id}' in vhost '${vhost}'`;
        return change(invocation, { method: 'DELETE', path, about }, `Cancelled ${about}.`);
      },
    }),
  ],
  examples: [
    ['leveret scheduled', 'what is to come'],
    ['leveret scheduled cancel 17', 'by its id in the list'],
  ],
});
