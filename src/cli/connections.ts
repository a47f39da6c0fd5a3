import { text } from '../daemon/option-kinds.ts';
import { segment } from './api/api-client.ts';
import { isTrueAt, numberAt, textAt } from './api/json-fields.ts';
import { change } from './change.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { optionOr } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { fieldColumn, listVerb, numberColumn, textColumn, VHOST_COLUMN } from './list-verb.ts';
import { showVerb } from './show-verb.ts';
import { byteRateText, numberText } from './terminal/quantity-texts.ts';
import { visible } from './terminal/text-width.ts';

export const connectionsCommand: Command = apiCommand({
  name: 'connections',
  summary: 'List and close connections of clients',
  about: `
Lists the connections of clients with what goes over them: from is what the
client sends, to what it gets. The client is what it says of itself.`,
  verbs: [
    listVerb({
      path: 'connections',
      plural: 'connections',
      ofVhost: 'below-vhost',
      summary: 'list connections',
      columns: [
        VHOST_COLUMN,
        fieldColumn('name', 'name'),
        fieldColumn('user', 'user'),
        {
          title: 'state',
          align: 'left',
          dropRank: 3,
          cell: (each) => stateCell(textAt(each, 'state') ?? ''),
        },
        textColumn('tls', (each) => (isTrueAt(each, 'ssl') ? 'yes' : 'no'), 4),
        numberColumn('channels', (each) => numberAt(each, 'channels'), numberText, 2),
        numberColumn('from', (each) => numberAt(each, 'recv_oct_details.rate') ?? 0, byteRateText, 1),
        numberColumn('to', (each) => numberAt(each, 'send_oct_details.rate') ?? 0, byteRateText, 1),
        textColumn('client', clientText, 5),
      ],
      nameOf: (each) => `${textAt(each, 'name')}\n${clientText(each)}`,
    }),
    showVerb({
      thing: 'connection',
      vhosts: 'none',
      pathOf: (_, name) => pathOf(name),
      textOf: (_, name) => connectionText(name),
    }),
    verb({
      name: 'close',
      summary: 'close a connection',
      operands: [{ name: 'CONNECTION' }],
      flags: { reason: optionOr(text('text'), 'closed by an operator', 'what the client is told') },
      vhosts: 'none',
      run(invocation) {
        const {
          flags,
          operands: [name = ''],
        } = invocation;
        const headers = { 'x-reason': encodeURI(flags.reason).replaceAll('%20', ' ') };
        const request = {
          method: 'DELETE',
          path: pathOf(name),
          headers,
          about: connectionText(name),
        } as const;
        return change(invocation, request, `Closed ${connectionText(name)}.`);
      },
    }),
  ],
  examples: [
    ["leveret connections close '127.0.0.1:50312 -> 127.0.0.1:5672'", 'by the name in the list'],
    ['leveret connections --sort from', 'those that send most first'],
  ],
});

function stateCell(state: string): { readonly text: string; readonly style: 'plain' | 'yellow' } {
  return { text: visible(state), style: state === 'running' ? 'plain' : 'yellow' };
}

/** What a client says of itself: its name for the connection, or else the library. */
function clientText(connection: unknown): string {
  const given = textAt(connection, 'client_properties.connection_name');
  const product = textAt(connection, 'client_properties.product') ?? '';
  const version = textAt(connection, 'client_properties.version') ?? '';
  return visible(given ?? `${product} ${version}`.trim());
}

function pathOf(name: string): string {
  return `/api/connections/${segment(name)}`;
}

function connectionText(name: string): string {
  return `connection '${name}'`;
}
