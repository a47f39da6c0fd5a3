import { isTrueAt, numberAt, textAt } from './api/json-fields.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { fieldColumn, listVerb, numberColumn, textColumn, VHOST_COLUMN } from './list-verb.ts';
import { pairsText } from './terminal/name-texts.ts';
import { numberText } from './terminal/quantity-texts.ts';
import { visible } from './terminal/text-width.ts';

export const consumersCommand: Command = apiCommand({
  name: 'consumers',
  summary: 'List consumers',
  about: `
Lists who consumes from which queue. prefetch is how many messages a consumer
takes at a time (0: any number). One that is not active waits for its turn at
a queue with a single active consumer.`,
  verbs: [
    listVerb({
      path: 'consumers',
      plural: 'consumers',
      summary: 'list consumers; --match looks at queues and tags',
      columns: [
        VHOST_COLUMN,
        fieldColumn('queue', 'queue.name'),
        fieldColumn('tag', 'consumer_tag'),
        textColumn('channel', (consumer) => visible(textAt(consumer, 'channel_details.name') ?? ''), 3),
        textColumn('acks', (consumer) => (isTrueAt(consumer, 'ack_required') ? 'manual' : 'auto'), 1),
        numberColumn('prefetch', (consumer) => numberAt(consumer, 'prefetch_count'), numberText),
        textColumn('active', activeText, 2),
        textColumn('arguments', (consumer) => pairsText(consumer, 'arguments'), 5),
      ],
      nameOf: (consumer) => `${textAt(consumer, 'queue.name')}\n${textAt(consumer, 'consumer_tag')}`,
    }),
  ],
  examples: [['leveret consumers --match orders', 'who consumes from orders']],
});

function activeText(consumer: unknown): string {
  if (isTrueAt(consumer, 'exclusive')) return 'exclusive';
  return isTrueAt(consumer, 'active') ? 'yes' : 'no';
}
