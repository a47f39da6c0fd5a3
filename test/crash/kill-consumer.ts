/** A consumer of the kill test: acks in batches, gives some back, and learns by a barrier which acks are durable. */
import { join } from 'node:path';
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import {
  asked,
  BARRIER_QUEUE,
  Dice,
  idOf,
  type KillClientTask,
  overConnections,
  pause,
  readTask,
} from './kill-client.ts';
import { Ledger, monotonicUs } from './kill-ledger.ts';

const PREFETCH = 100;
/** Below the prefetch count, or it would wait for ever. */
const HELD_MAX = 60;
/** Batches of a hundred that go back to their queues. */
const REQUEUED = 5;
/** What is held for longer is acked although the batch is not full. */
const IDLE_MS = 40;

class Consumer {
  readonly #queues: readonly string[];
  readonly #isOnly: boolean;
  readonly #dice: Dice;
  readonly #ledger: Ledger;
  #held: { readonly id: string; readonly message: ConsumeMessage }[] = [];
  #batch = 1;
  /** Acks of this connection that are not known to be durable. */
  #unsettledCount = 0;

  constructor(index: number, { name, seed, queues, isOnly, ledgerDirectory }: KillClientTask) {
    this.#queues = queues;
    this.#isOnly = isOnly;
    this.#dice = new Dice(seed + index);
    this.#ledger = new Ledger(join(ledgerDirectory, `${name}-${index}`));
  }

  async session(connection: ChannelModel, lost: AbortSignal): Promise<void> {
    const channel = await connection.createChannel();
    const barrier = await connection.createConfirmChannel();
    for (const each of [channel, barrier]) each.on('error', () => undefined);
    await channel.prefetch(PREFETCH, true);
    this.#held = [];
    this.#unsettledCount = 0;
    this.#ledger.write('connected', monotonicUs(), this.#isOnly ? 'only' : 'among-others');
    for (const queue of this.#queues) {
      await channel.consume(queue, (message) => message !== null && this.#onDelivery(channel, message));
    }
    while (!asked.toStop && !lost.aborted) {
      await pause(IDLE_MS);
      this.#ackHeld(channel);
      await this.#barrier(channel, barrier);
    }
    // what is delivered from here on goes back when the connection closes
    this.#ackHeld(channel);
    await this.#barrier(channel, barrier);
  }

  #onDelivery(channel: Channel, message: ConsumeMessage): void {
    const body = message.content.toString('latin1');
    const id = idOf(body);
    if (id === undefined) {
      this.#ledger.write('corrupt', body.slice(0, 60).replaceAll(/\s/g, '_'));
      return;
    }
    this.#ledger.write('delivered', id, message.fields.redelivered ? 1 : 0);
    this.#held.push({ id, message });
    if (this.#held.length < this.#batch) return;
    if (this.#givesBack()) this.#requeueHeld(channel);
    else this.#ackHeld(channel);
    this.#batch = 1 + this.#dice.upTo(HELD_MAX);
  }

  /** Whether the next batch goes back. */
  #givesBack(): boolean {
    return this.#dice.upTo(100) < REQUEUED && !this.#isOnly && !asked.toStop;
  }

  #ackHeld(channel: Channel): void {
    const last = this.#held.at(-1);
    if (last === undefined) return;
    for (const { id } of this.#held) this.#ledger.write('acked', id);
    this.#unsettledCount += this.#held.length;
    this.#held = [];
    channel.ack(last.message, true);
  }

  #requeueHeld(channel: Channel): void {
    const last = this.#held.at(-1);
    if (last === undefined) return;
    for (const { id } of this.#held) this.#ledger.write('requeued', id);
    this.#held = [];
    channel.nack(last.message, true, true);
  }

  /** The broker has the acks when it answers behind them; what is published then is confirmed only after they are durable. */
  async #barrier(channel: Channel, barrier: ConfirmChannel): Promise<void> {
    const count = this.#unsettledCount;
    if (count === 0) return;
    await channel.checkQueue(BARRIER_QUEUE);
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
      barrier.sendToQueue(BARRIER_QUEUE, Buffer.from('barrier'), { persistent: true }, done);
    });
    this.#unsettledCount -= count;
    this.#ledger.write('settled', count, monotonicUs());
  }
}

const task = readTask();
await Promise.all(
  Array.from({ length: task.connectionCount }, (_, index) => {
    const consumer = new Consumer(index, task);
    return overConnections(task.brokers, index, (connection, lost) => consumer.session(connection, lost));
  }),
);
