import type { Broker } from '../core/broker.ts';
import type { Outcome } from '../core/outcome/outcome.ts';

/** Options of `outcomeOf`. */
export interface OutcomeOptions {
  /** `/` unless given. */
  readonly vhost?: string;
  /** Only the outcome in this queue; in any queue unless given. */
  readonly queue?: string;
  /** How long to wait while there is none, in milliseconds; not at all unless given. `Infinity` waits without end. */
  readonly waitMs?: number;
  /** Stops waiting. */
  readonly signal?: AbortSignal;
}

/**
 * What became of a message that was published with a `messageId` and the header `x-outcome-ttl`, or in a queue that keeps
 * outcomes. Resolves with `undefined` when there is none, or none within `waitMs`; what it resolves with is durable when the
 * message was. Of several queues it is the oldest one that is kept, or the first one to come.
 *
 * @throws Error when there is no such vhost; the reason of `signal` when that aborts.
 *
 * @example
 * ```ts
 * const headers = { 'x-outcome-ttl': 60_000 };
 * await channel.publish({ routingKey: 'jobs', body: 'work', properties: { messageId: 'job-1', headers } });
 * const outcome = await outcomeOf(broker.broker, 'job-1', { waitMs: 30_000 });
 * if (outcome?.status === 'completed') console.log(outcome.result);
 * ```
 */
export async function outcomeOf(
  broker: Broker,
  messageId: string,
  options: OutcomeOptions = {},
): Promise<Outcome | undefined> {
  const { vhost: name = '/', queue, waitMs = 0, signal } = options;
  signal?.throwIfAborted();
  const outcomes = broker.vhosts.get(name)?.outcomes;
  if (outcomes === undefined) throw new Error(`there is no vhost '${name}'`);
  let outcome = await new Promise<Outcome | undefined>((resolve) =>
    outcomes.read(messageId, queue, ([first]) => resolve(first)),
  );
  if (outcome === undefined && waitMs > 0) {
    outcome = await nextOutcome(broker, { signal, waitMs }, (done) => outcomes.wait(messageId, queue, done));
  }
  if (outcome !== undefined) await new Promise<void>((resolve) => broker.whenDurable(resolve));
  return outcome;
}

interface Patience {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Undefined when the time is over first. */
async function nextOutcome(
  { runtime }: Broker,
  { waitMs, signal }: Patience,
  listen: (done: (outcome: Outcome) => void) => () => void,
): Promise<Outcome | undefined> {
  let end = (): void => {};
  try {
    return await new Promise((resolve, reject) => {
      const cancel = listen(resolve);
      const deadline = runtime.makeDeadline(() => resolve(undefined));
      runtime.deadlines.set(deadline, runtime.now() + waitMs);
      const abort = (): void => reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      end = () => {
        cancel();
        runtime.deadlines.clear(deadline);
        signal?.removeEventListener('abort', abort);
      };
    });
  } finally {
    end();
  }
}
