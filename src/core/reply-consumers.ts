import type { Channel } from './channel.ts';
import type { Publication } from './publication.ts';
import type { Runtime } from './runtime.ts';

/** Consuming from it, and naming it as reply-to, asks for replies without a queue (RabbitMQ's "direct reply-to"). */
export const DIRECT_REPLY_TO = 'amq.rabbitmq.reply-to';
const ADDRESS_PREFIX = `${DIRECT_REPLY_TO}.`;

/**
 * The channels that wait for direct replies, by the address that stands for each of them in reply-to. The address cannot
 * be guessed, so who knows it was asked to reply.
 */
export class ReplyConsumers {
  readonly #runtime: Runtime;
  readonly #channels = new Map<string, Channel>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  isReplyAddress(routingKey: string): boolean {
    return routingKey.startsWith(ADDRESS_PREFIX);
  }

  isKnown(address: string): boolean {
    return this.#channels.has(address);
  }

  /** Returns the address under which `channel` is reached until `remove`. */
  add(channel: Channel): string {
    const address = ADDRESS_PREFIX + this.#runtime.randomName(32);
    this.#channels.set(address, channel);
    return address;
  }

  remove(address: string): void {
    this.#channels.delete(address);
  }

  /** Hands a reply to the channel that its routing key stands for. False when that is gone. */
  deliver(publication: Publication): boolean {
    const channel = this.#channels.get(publication.routingKey);
    if (channel === undefined) return false;
    channel.deliveries.deliverReply(publication);
    return true;
  }
}
