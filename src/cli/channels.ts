import { isTrueAt, numberAt, textAt } from './api/json-fields.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import {
  fieldColumn,
  type ListColumn,
  listVerb,
  numberColumn,
  textColumn,
  VHOST_COLUMN,
} from './list-verb.ts';
import { numberText, rateText } from './terminal/quantity-texts.ts';

export const channelsCommand: Command = apiCommand({
  name: 'channels',
  summary: 'List channels',
  about: `
Lists the channels of all connections. prefetch is how many messages a channel
takes at a time (0: any number), unacked how many it has, unconfirmed how many
of what it published wait for their confirm.`,
  verbs: [
    listVerb({
      path: 'channels',
      plural: 'channels',
      ofVhost: 'below-vhost',
      summary: 'list channels',
      columns: [
        VHOST_COLUMN,
        fieldColumn('name', 'name'),
        fieldColumn('user', 'user', 4),
        textColumn('mode', modeText, 3),
        fieldColumn('state', 'state', 5),
        numberColumn('prefetch', prefetch, numberText, 2),
        numberColumn('unacked', (channel) => numberAt(channel, 'messages_unacknowledged'), numberText),
        numberColumn('unconfirmed', (channel) => numberAt(channel, 'messages_unconfirmed'), numberText, 1),
        numberColumn('consumers', (channel) => numberAt(channel, 'consumer_count'), numberText, 6),
        rate('in', 'publish'),
        rate('out', 'deliver_get'),
        rate('acked', 'ack', 7),
      ],
      nameOf: (channel) => textAt(channel, 'name'),
    }),
  ],
  examples: [['leveret channels --sort unacked', 'those that hold most messages first']],
});

/** A limit for the channel, or else for each of its consumers. */
function prefetch(channel: unknown): number | undefined {
  return numberAt(channel, 'global_prefetch_count') || numberAt(channel, 'prefetch_count');
}

function modeText(channel: unknown): string {
  if (isTrueAt(channel, 'transactional')) return 'tx';
  return isTrueAt(channel, 'confirm') ? 'confirm' : '';
}

function rate(title: string, event: string, dropRank?: number): ListColumn {
  const read = (channel: unknown): number => numberAt(channel, `message_stats.${event}_details.rate`) ?? 0;
  return numberColumn(title, read, rateText, dropRank);
}
