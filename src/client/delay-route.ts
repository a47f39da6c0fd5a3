import { type FieldTable, field } from '../codec/field-table.ts';
import type { TransportChannel } from './transport.ts';

/** Where a message is published to, so that it is in a queue after a delay. */
export interface DelayRoute {
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: FieldTable;
}

/** The longest delay that both brokers know: 2^32 - 1 ms. */
const DELAY_MS_MAX = 2 ** 32 - 1;

/** On Leveret: a delayed exchange, to which each queue is bound under its name. */
const EXCHANGE = 'leveret.retry';

export async function leveretDelayRoute(
  channel: TransportChannel,
  queue: string,
  delayMs: number,
): Promise<DelayRoute> {
  const declared = { exchange: EXCHANGE, type: 'x-delayed-message', passive: false, durable: true };
  await channel.ask({
    method: 'exchange.declare',
    ...declared,
    autoDelete: false,
    internal: false,
    arguments: new Map([['x-delayed-type', field.string('direct')]]),
  });
  const binding = { queue, exchange: EXCHANGE, routingKey: queue, arguments: new Map() };
  await channel.ask({ method: 'queue.bind', ...binding });
  const headers = new Map([['x-delay', field.int(wholeDelayMs(delayMs))]]);
  return { exchange: EXCHANGE, routingKey: queue, headers };
}

/** How long a delay queue stays after it was last needed, beyond its own delay. */
const UNUSED_MS = 60_000;

/**
 * On any other broker: a queue per delay and target, whose messages expire into the target. It goes when it was not declared
 * for longer than its messages stay, so it is declared before each use. Delays are rounded up to four binary digits: at most an
 * eighth longer, and at most eight queues from one power of two to the next.
 */
export async function expiringDelayRoute(
  channel: TransportChannel,
  queue: string,
  delayMs: number,
): Promise<DelayRoute> {
  const ttlMs = roundedUp(wholeDelayMs(delayMs));
  const name = `${queue}.retry.${ttlMs}`;
  const declared = { queue: name, passive: false, durable: true, exclusive: false, autoDelete: false };
  await channel.ask({
    method: 'queue.declare',
    ...declared,
    arguments: new Map([
      ['x-message-ttl', field.int(ttlMs)],
      ['x-expires', field.int(Math.min(ttlMs * 2 + UNUSED_MS, DELAY_MS_MAX))],
      ['x-dead-letter-exchange', field.string('')],
      ['x-dead-letter-routing-key', field.string(queue)],
    ]),
  });
  return { exchange: '', routingKey: name, headers: new Map() };
}

function wholeDelayMs(delayMs: number): number {
  if (delayMs > 0 && delayMs <= DELAY_MS_MAX) return Math.ceil(delayMs);
  throw new RangeError(
    `delayMs: found ${delayMs}; allowed: more than 0, and at most ${DELAY_MS_MAX} (49 days)`,
  );
}

function roundedUp(delayMs: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(delayMs)) - 3);
  return Math.min(Math.ceil(delayMs / step) * step, DELAY_MS_MAX);
}
