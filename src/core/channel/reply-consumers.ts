import type { Publication } from '../message/publication.ts';
import type { Runtime } from '../runtime.ts';

/** Consuming from it, and naming it as reply-to, asks for replies without a queue (RabbitMQ's "direct reply-to"). */
export const DIRECT_REPLY_TO = 'amq.rabbitmq.reply-to';
const ADDRESS_PREFIX = `${DIRECT_REPLY_TO}.`;

/** Who waits for direct replies: the consuming side of a channel. */
export interface ReplyTarget {
  /** False when the reply is dropped: its client does not read those that it has. */
  deliverReply(publication: Publication): boolean;
}

/**
 * The channels that wait for direct replies, by the address that stands for each of them in reply-to. The address cannot
 * be guessed, so who knows it was asked to reply.
 */
export class ReplyConsumers {
  readonly pseudoQueue: string = DIRECT_REPLY_TO;
  readonly #runtime: Runtime;
  readonly #targets = new Map<string, ReplyTarget>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  isReplyAddress(routingKey: string): boolean {
    return routingKey.startsWith(ADDRESS_PREFIX);
  }

  isKnown(address: string): boolean {
    return this.#targets.has(address);
  }

  /** Returns the address under which `target` is reached until `remove`. */
  add(target: ReplyTarget): string {
    const address = ADDRESS_PREFIX + this.#runtime.randomName(32);
    this.#targets.set(address, target);
    return address;
  }

  remove(address: string): void {
    this.#targets.delete(address);
  }

  /** Hands a reply to the channel that its routing key stands for. False when that is gone, or has no room. */
  deliver(publication: Publication): boolean {
    return this.#targets.get(publication.routingKey)?.deliverReply(publication) ?? false;
  }
}
