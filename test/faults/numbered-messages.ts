import { setTimeout as delay } from 'node:timers/promises';
import type { DurableLeveret } from '../servers/durable-leveret.ts';
import type { RawChannel, RawClient } from '../servers/raw-client.ts';

/** For a machine that does other things. */
const UNTIL_MS = 30_000;
const POLL_MS = 5;

/**
 * Publishes persistent messages that carry their number, with confirms, into a durable queue, and knows of each what the
 * broker said.
 */
export class NumberedPublisher {
  /** Numbers of messages that the broker has confirmed: none of them may be lost. */
  readonly confirmed = new Set<number>();
  publishedCount = 0;
  readonly #client: RawClient;
  readonly #channel: RawChannel;
  readonly #queue: string;
  readonly #bodyBytes: number;
  /** Delivery tags up to this one were acked or nacked; message 0 has tag 1. */
  #answeredTag = 0;

  private constructor(client: RawClient, channel: RawChannel, queue: string, bodyBytes: number) {
    this.#client = client;
    this.#channel = channel;
    this.#queue = queue;
    this.#bodyBytes = bodyBytes;
  }

  static async open(broker: DurableLeveret, queue: string, bodyBytes: number): Promise<NumberedPublisher> {
    const client = await broker.connect();
    const channel = await client.openChannel(1);
    await channel.call('queue.declare', { queue, durable: true });
    await channel.call('confirm.select');
    return new NumberedPublisher(client, channel, queue, bodyBytes);
  }

  get isBlocked(): boolean {
    const said = this.#client.channel(0).inbox.map(({ method }) => method.name);
    return said.lastIndexOf('connection.blocked') > said.lastIndexOf('connection.unblocked');
  }

  get isCutOff(): boolean {
    return this.#client.ended;
  }

  /** Publishes `count` messages and waits for their confirms; throws when the broker ends the connection. */
  async publish(count: number): Promise<void> {
    this.send(count);
    await this.answered();
  }

  /** Without waiting. */
  send(count: number): void {
    for (let index = 0; index < count; index++) {
      const body = bodyOf(this.publishedCount, this.#bodyBytes);
      this.#channel.publish({ routingKey: this.#queue }, { deliveryMode: 2 }, body);
      this.publishedCount += 1;
    }
  }

  /** Waits until all messages that were sent are answered. */
  async answered(): Promise<void> {
    await until('all messages are answered', () => {
      if (this.#isAnswered()) return true;
      if (this.isCutOff) throw new Error('the broker ended the connection before all messages were answered');
      return false;
    });
  }

  /** Publishes `batch` messages again and again until the broker blocks publishers or ends the connection. */
  async publishUntilStopped(batch: number): Promise<void> {
    const isStopped = (): boolean => this.isBlocked || this.isCutOff;
    while (!isStopped()) {
      this.send(batch);
      await until(
        'all messages are answered, or publishing is stopped',
        () => this.#isAnswered() || isStopped(),
      );
    }
    this.#isAnswered();
  }

  /** Closes in order; what is not answered then never will be. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  #isAnswered(): boolean {
    const answers = this.#channel.inbox.splice(0);
    for (const { method } of answers) {
      if (method.name === 'basic.ack') this.#confirm(method.deliveryTag, method.multiple);
      if (method.name === 'basic.ack' || method.name === 'basic.nack') this.#answeredTag = method.deliveryTag;
    }
    return this.#answeredTag === this.publishedCount;
  }

  #confirm(deliveryTag: number, multiple: boolean): void {
    for (let tag = multiple ? this.#answeredTag + 1 : deliveryTag; tag <= deliveryTag; tag++) {
      this.confirmed.add(tag - 1);
    }
  }
}

/** The numbers of all messages of a queue, in order, which is empty afterwards. Throws for a body that nobody published. */
export async function drain(broker: DurableLeveret, queue: string): Promise<number[]> {
  const client = await broker.connect();
  const channel = await client.openChannel(1);
  const { messageCount } = await channel.call('queue.declare', { queue, passive: true });
  await channel.call('basic.consume', { queue, noAck: true });
  const deliveries = await channel.expectMany('basic.deliver', messageCount);
  await client.close();
  return deliveries.map(({ body }) => numberOf(new TextDecoder().decode(body)));
}

/** Numbers of `expected` that are not in `found`. */
export function missingFrom(found: readonly number[], expected: Iterable<number>): number[] {
  const there = new Set(found);
  return [...expected].filter((number) => !there.has(number));
}

/** The number, then its last digit as filler: a body with the bytes of another one is seen. */
function bodyOf(number: number, bytes: number): string {
  const text = String(number);
  return `${text}:`.padEnd(bytes, text.slice(-1));
}

function numberOf(body: string): number {
  const number = Number(body.slice(0, body.indexOf(':')));
  if (!Number.isInteger(number) || bodyOf(number, body.length) !== body) {
    throw new Error(`a body that nobody published: '${body.slice(0, 60)}'`);
  }
  return number;
}

/** Asks again and again until it holds: there is no event for what another process does. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const startedMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedMs > UNTIL_MS) throw new Error(`within ${UNTIL_MS} ms not: ${what}`);
    await delay(POLL_MS);
  }
}
