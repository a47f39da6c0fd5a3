/** A publisher of the kill test: bursts of messages with confirms, and a ledger of both. */
import { join } from 'node:path';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import {
  asked,
  bodyOf,
  Dice,
  KILL_EXCHANGE,
  type KillClientTask,
  overConnections,
  pause,
  readTask,
} from './kill-client.ts';
import { Ledger, monotonicUs } from './kill-ledger.ts';

const BURST_MAX = 80;
/** Of a hundred messages. */
const TRANSIENT = 10;

class Publisher {
  readonly #name: string;
  readonly #queues: readonly string[];
  readonly #dice: Dice;
  readonly #pauseMsMax: number;
  readonly #ledger: Ledger;
  #count = 0;

  constructor(index: number, { name, seed, queues, pauseMsMax, ledgerDirectory }: KillClientTask) {
    this.#name = `${name}-${index}`;
    this.#queues = queues;
    this.#dice = new Dice(seed + index);
    this.#pauseMsMax = pauseMsMax;
    this.#ledger = new Ledger(join(ledgerDirectory, this.#name));
  }

  async session(connection: ChannelModel): Promise<void> {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    this.#ledger.write('connected', monotonicUs());
    channel.on('return', (message) => this.#ledger.write('returned', message.properties.messageId));
    while (!asked.toStop) {
      await this.#burst(channel);
      await pause(this.#dice.upTo(this.#pauseMsMax));
    }
  }

  async #burst(channel: ConfirmChannel): Promise<void> {
    const length = 1 + this.#dice.upTo(BURST_MAX);
    await Promise.all(Array.from({ length }, () => this.#publish(channel)));
  }

  #publish(channel: ConfirmChannel): Promise<void> {
    const persistent = this.#dice.upTo(100) >= TRANSIENT;
    const id = `${persistent ? 'p' : 't'}-${this.#name}-${(this.#count += 1)}`;
    const queue = this.#queues[this.#dice.upTo(this.#queues.length)] as string;
    const body = Buffer.from(bodyOf(id, this.#bodyBytes()));
    this.#ledger.write('published', id, queue);
    return new Promise((resolve, reject) => {
      const options = { persistent, mandatory: true, messageId: id };
      channel.publish(KILL_EXCHANGE, queue, body, options, (error: Error | null) => {
        if (error !== null) return reject(error);
        this.#ledger.write('confirmed', id);
        resolve();
      });
    });
  }

  /** Mostly small; some need several frames, and a few several blocks. */
  #bodyBytes(): number {
    const kind = this.#dice.upTo(1000);
    if (kind === 0) return 300_000 + this.#dice.upTo(300_000);
    return kind < 10 ? 10_000 + this.#dice.upTo(40_000) : 20 + this.#dice.upTo(600);
  }
}

const task = readTask();
await Promise.all(
  Array.from({ length: task.connectionCount }, (_, index) => {
    const publisher = new Publisher(index, task);
    return overConnections(task.brokers, index, (connection) => publisher.session(connection));
  }),
);
