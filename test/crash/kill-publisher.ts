/** A publisher of the kill test: bursts of messages with confirms, and a ledger of both. */
import { join } from 'node:path';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { asked, bodyOf, Dice, KILL_EXCHANGE, overConnections, pause, readTask } from './kill-client.ts';
import { Ledger } from './kill-ledger.ts';

const BURST_MAX = 80;
/** Between two bursts: without pauses the ledgers would grow by two million messages a minute. */
const PAUSE_MS_MAX = 80;
/** Of a hundred messages. */
const TRANSIENT = 10;

class Publisher {
  readonly #name: string;
  readonly #queues: readonly string[];
  readonly #dice: Dice;
  readonly #ledger: Ledger;
  #count = 0;

  constructor(name: string, seed: number, queues: readonly string[], ledgerDirectory: string) {
    this.#name = name;
    this.#queues = queues;
    this.#dice = new Dice(seed);
    this.#ledger = new Ledger(join(ledgerDirectory, name));
  }

  async session(connection: ChannelModel): Promise<void> {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    channel.on('return', (message) => this.#ledger.write('returned', message.properties.messageId));
    while (!asked.toStop) {
      await this.#burst(channel);
      await pause(this.#dice.upTo(PAUSE_MS_MAX));
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
    this.#ledger.write('published', id);
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
    const name = `${task.name}-${index}`;
    const publisher = new Publisher(name, task.seed + index, task.queues, task.ledgerDirectory);
    return overConnections(task.port, (connection) => publisher.session(connection));
  }),
);
