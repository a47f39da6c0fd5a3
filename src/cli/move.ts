import { OptionError } from '../daemon/option-error.ts';
import { wholeNumber } from '../daemon/option-kinds.ts';
import { amountText } from '../daemon/size-text.ts';
import { segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { numberAt, textAt } from './api/json-fields.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { anyText } from './grammar/flag-kinds.ts';
import { option } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { queueText } from './queue-paths.ts';
import { exchangeText } from './terminal/name-texts.ts';
import { visible } from './terminal/text-width.ts';

/** Moving takes its time when there is much to move. */
const MOVE_WAIT_MS = 600_000;

export const moveCommand: Command = apiCommand({
  name: 'move',
  summary: 'Move messages to another queue, or publish them again',
  about: `
Takes ready messages from the head of a queue, and puts each into another queue,
or publishes it to an exchange again: a dead-letter queue is replayed so. A crash
leaves each message in exactly one of the two places. It stops at the first one
that cannot be moved, with exit code 1.`,
  verbs: [
    verb({
      name: '',
      summary: 'Move messages to another queue, or publish them again',
      operands: [{ name: 'QUEUE' }, { name: 'TO_QUEUE', optional: true }],
      flags: {
        exchange: option(anyText('name'), 'publish to this exchange, instead of TO_QUEUE'),
        routingKey: option(anyText('key'), 'with --exchange: in place of what each message has'),
        count: option(wholeNumber(1, 1_000_000_000), 'at most so many (all that are ready now)'),
      },
      vhosts: 'vhost',
      async run({ api, output, vhost, flags, json, operands: [queue = '', target] }) {
        if ((target === undefined) === (flags.exchange === undefined)) {
          throw new OptionError('where to move to is needed: either TO_QUEUE or --exchange');
        }
        const exchange = flags.exchange === '' ? 'amq.default' : flags.exchange;
        const body = {
          ...(target === undefined ? { exchange } : { queue: target }),
          ...(flags.routingKey === undefined ? {} : { routing_key: flags.routingKey }),
          ...(flags.count === undefined ? {} : { max: flags.count }),
        };
        const path = `/v1/queues/${segment(vhost)}/${segment(queue)}/move`;
        const about = queueText(vhost, queue);
        const request = { method: 'POST', path, body, about, waitMs: MOVE_WAIT_MS } as const;
        const answer = (await api.ask(request)).json;
        const moved = amountText(numberAt(answer, 'moved') ?? 0, 'message');
        const left = amountText(numberAt(answer, 'left') ?? 0, 'message');
        const to =
          target === undefined ? `exchange ${exchangeText(flags.exchange)}` : `queue '${visible(target)}'`;
        if (json) output.json(answer);
        else output.lines([`Moved ${moved} to ${to}; ${left} ready in queue '${visible(queue)}'.`]);
        const stoppedBy = textAt(answer, 'stopped_by');
        if (stoppedBy !== undefined) throw stopped(stoppedBy, to);
        return EXIT_OK;
      },
    }),
  ],
  examples: [
    ['leveret move orders.dead orders', 'back to where they came from'],
    ['leveret move orders.dead --exchange events --count 1', 'publish the first one again, as a trial'],
  ],
});

function stopped(by: string, target: string): ApiFailure {
  if (by === 'unroutable') {
    return new ApiFailure(
      'UNROUTABLE',
      `the next message leads to no queue from ${target}; it stayed where it was`,
    );
  }
  return new ApiFailure(
    'REFUSED',
    `${target} refuses the next message: its queue may be full; it stayed where it was`,
  );
}
