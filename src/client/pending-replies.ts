import type { Method, MethodName } from '../codec/methods.ts';
import type { ReceivedContent } from './content-assembler.ts';
import type { MethodOf } from './method-of.ts';

interface PendingReply {
  readonly names: readonly MethodName[];
  readonly answer: (reply: Method, content: ReceivedContent | undefined) => void;
  readonly fail: (reason: Error) => void;
}

/**
 * The requests of one channel that wait for their reply. A channel is answered in the order in which it asked (AMQP 0-9-1,
 * section 2.2.2), so a queue is enough.
 */
export class PendingReplies {
  #waiting: PendingReply[] = [];

  /**
   * A promise for the next reply, which must have one of these names. `take` sees the reply at once, before anything that
   * follows it on the channel: a consumer is known before its first delivery.
   */
  expect<N extends MethodName, T>(
    names: readonly N[],
    take: (reply: MethodOf<N>, content: ReceivedContent | undefined) => T,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        names,
        answer: (reply, content) => resolve(take(reply as MethodOf<N>, content)),
        fail: reject,
      });
    });
  }

  /** Gives the oldest request its reply. */
  answer(reply: Method, content?: ReceivedContent): void {
    const pending = this.#waiting.shift();
    if (pending === undefined || !pending.names.includes(reply.name)) {
      const expected = pending === undefined ? 'no reply' : pending.names.join(' or ');
      throw new Error(`unexpected ${reply.name} from the broker: ${expected} is due on this channel`);
    }
    pending.answer(reply, content);
  }

  failAll(reason: Error): void {
    for (const pending of this.#waiting.splice(0)) {
      pending.fail(reason);
    }
  }

  /** The requests that wait for another reply than `name` will not be answered. */
  failAllBut(name: MethodName, reason: Error): void {
    const stays = this.#waiting.filter((pending) => pending.names.includes(name));
    const fails = this.#waiting.filter((pending) => !pending.names.includes(name));
    this.#waiting = stays;
    for (const pending of fails) {
      pending.fail(reason);
    }
  }
}
