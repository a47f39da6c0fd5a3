import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery, GottenMessage } from '../../../src/client/delivery.ts';
import type { DirectChannel } from '../../../src/client/direct-channel.ts';
import type { PlainValue } from '../../../src/codec/field-table.ts';
import { drain, expectNothingHeld, publish, type Scene, startScene, textOf } from './scene.ts';

/*
 * Random sequences of what clients do to one queue, against a model of the queue that is as simple as can be: an array of
 * ready messages, sorted, and one of unacked messages. After each step the counts, what was delivered and what was
 * dead-lettered must be the same, and at the end nothing may be left in memory.
 */

interface Settings {
  readonly ttlMs: number | undefined;
  readonly maxLength: number | undefined;
  readonly maxPriority: number | undefined;
}

type Step =
  | { readonly kind: 'publish'; readonly priority: number }
  | { readonly kind: 'get' }
  | { readonly kind: 'ack' | 'requeue' | 'reject'; readonly which: number }
  | { readonly kind: 'ackAll' | 'purge' | 'delete' | 'closeChannel' | 'cancel' }
  | { readonly kind: 'consume'; readonly prefetchCount: number }
  | { readonly kind: 'advance'; readonly ms: number };

interface ModelMessage {
  readonly text: string;
  readonly priority: number;
  readonly seq: number;
  readonly arrivalMs: number;
  redelivered: boolean;
}

interface ModelDelivery {
  readonly message: ModelMessage;
  readonly consumer: number | undefined;
}

/** A few seconds. */
const RUNS = 300;

/** What was delivered, as `text` with a star when it is marked as redelivered. */
function label(text: string, redelivered: boolean): string {
  return redelivered ? `${text}*` : text;
}

class QueueModel {
  ready: ModelMessage[] = [];
  unacked: ModelDelivery[] = [];
  readonly dead: string[] = [];
  readonly delivered: string[] = [];
  readonly #settings: Settings;
  #nowMs = 0;
  #nextSeq = 0;
  /** The consumer that is there, by its number. */
  #consumer: { readonly number: number; readonly prefetchCount: number } | undefined;
  #consumers = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  publish(priority: number): string {
    const seq = this.#nextSeq++;
    const text = `m${seq}`;
    const kept = Math.min(priority, this.#settings.maxPriority ?? 0);
    this.#addReady({ text, priority: kept, seq, arrivalMs: this.#nowMs, redelivered: false });
    this.#turn();
    return text;
  }

  get(): string | undefined {
    const message = this.ready.shift();
    if (message === undefined) return undefined;
    this.unacked.push({ message, consumer: undefined });
    return label(message.text, message.redelivered);
  }

  settle(index: number, how: 'ack' | 'requeue' | 'reject'): void {
    const [delivery] = this.unacked.splice(index, 1);
    if (delivery === undefined) return;
    if (how === 'reject') this.dead.push(delivery.message.text);
    if (how === 'requeue') this.#giveBack(delivery.message);
    this.#turn();
  }

  ackAll(): void {
    this.unacked = [];
    this.#turn();
  }

  purge(): number {
    return this.ready.splice(0).length;
  }

  deleteQueue(): void {
    this.ready = [];
    this.unacked = [];
    this.#consumer = undefined;
  }

  closeChannel(): void {
    this.#consumer = undefined;
    for (const { message } of this.unacked.splice(0)) this.#giveBack(message);
    this.#turn();
  }

  consume(prefetchCount: number): boolean {
    if (this.#consumer !== undefined) return false;
    this.#consumer = { number: this.#consumers++, prefetchCount };
    this.#turn();
    return true;
  }

  cancel(): boolean {
    const had = this.#consumer !== undefined;
    this.#consumer = undefined;
    return had;
  }

  advance(ms: number): void {
    for (let passed = 0; passed < ms; passed++) {
      this.#nowMs++;
      this.#turn();
    }
  }

  /** Into its old place; then the queue makes room at once. */
  #giveBack(message: ModelMessage): void {
    message.redelivered = true;
    this.#insert(message);
    this.#makeRoom();
  }

  /** Into its place; then the queue makes room, after its consumer had its chance. */
  #addReady(message: ModelMessage): void {
    this.#insert(message);
    if (this.ready.length > (this.#settings.maxLength ?? Number.POSITIVE_INFINITY)) this.#deliver();
    this.#makeRoom();
  }

  #insert(message: ModelMessage): void {
    this.ready.push(message);
    this.ready.sort((a, b) => b.priority - a.priority || a.seq - b.seq);
  }

  #makeRoom(): void {
    const { maxLength = Number.POSITIVE_INFINITY } = this.#settings;
    while (this.ready.length > maxLength) {
      const lowest = this.ready.at(-1)?.priority;
      const index = this.ready.findIndex(({ priority }) => priority === lowest);
      for (const dropped of this.ready.splice(index, 1)) this.dead.push(dropped.text);
    }
  }

  #turn(): void {
    this.#deliver();
    this.#expire((expiresMs) => expiresMs <= this.#nowMs);
  }

  /** A message whose time is now may still be delivered. */
  #deliver(): void {
    this.#expire((expiresMs) => expiresMs < this.#nowMs);
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    const outstanding = (): number =>
      this.unacked.filter((delivery) => delivery.consumer === consumer.number).length;
    while (this.ready.length > 0 && outstanding() < consumer.prefetchCount) {
      const message = this.ready.shift() as ModelMessage;
      this.delivered.push(label(message.text, message.redelivered));
      this.unacked.push({ message, consumer: consumer.number });
    }
  }

  #expire(isOver: (expiresMs: number) => boolean): void {
    const { ttlMs } = this.#settings;
    if (ttlMs === undefined) return;
    const expired = this.ready.filter(({ arrivalMs }) => isOver(arrivalMs + ttlMs));
    this.ready = this.ready.filter((message) => !expired.includes(message));
    // The lanes of a priority queue expire one after the other, the lowest first.
    expired.sort((a, b) => a.priority - b.priority || a.seq - b.seq);
    this.dead.push(...expired.map(({ text }) => text));
  }
}

/** The broker's queue, driven by the same steps. */
class QueueUnderTest {
  readonly delivered: string[] = [];
  readonly #scene: Scene;
  readonly #settings: Settings;
  #channel: DirectChannel;
  #unacked: (Delivery | GottenMessage)[] = [];
  #cancel: (() => Promise<void>) | undefined;

  constructor(scene: Scene, settings: Settings) {
    this.#scene = scene;
    this.#settings = settings;
    this.#channel = scene.channel;
  }

  async declare(): Promise<void> {
    const { ttlMs, maxLength, maxPriority } = this.#settings;
    const args: Record<string, PlainValue> = {
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
    };
    if (ttlMs !== undefined) args['x-message-ttl'] = ttlMs;
    if (maxLength !== undefined) args['x-max-length'] = maxLength;
    if (maxPriority !== undefined) args['x-max-priority'] = maxPriority;
    await this.#channel.queueDeclare('q', { arguments: args });
  }

  get counts(): { ready: number; unacked: number } {
    const { readyCount, unackedCount } = this.#scene.queue('q');
    return { ready: readyCount, unacked: unackedCount };
  }

  async publish(text: string, priority: number): Promise<void> {
    await publish(this.#channel, 'q', text, { properties: { priority } });
  }

  async get(): Promise<string | undefined> {
    const message = await this.#channel.get('q');
    if (message === undefined) return undefined;
    this.#unacked.push(message);
    return label(textOf(message), message.redelivered);
  }

  settle(index: number, how: 'ack' | 'requeue' | 'reject'): void {
    const [message] = this.#unacked.splice(index, 1);
    if (message === undefined) return;
    if (how === 'ack') this.#channel.ack(message);
    else this.#channel.nack(message, { requeue: how === 'requeue' });
  }

  ackAll(): void {
    this.#unacked = [];
    this.#channel.ack(0, { multiple: true });
  }

  purge(): Promise<number> {
    return this.#channel.queuePurge('q');
  }

  async deleteQueue(): Promise<void> {
    await this.#channel.queueDelete('q');
    this.#unacked = [];
    this.#cancel = undefined;
    await this.declare();
  }

  async closeChannel(): Promise<void> {
    await this.#channel.close();
    this.#unacked = [];
    this.#cancel = undefined;
    this.#channel = await this.#scene.connection.createChannel();
  }

  async consume(prefetchCount: number): Promise<void> {
    await this.#channel.qos({ prefetchCount });
    const consumer = await this.#channel.consume('q', (delivery) => {
      this.#unacked.push(delivery);
      this.delivered.push(label(textOf(delivery), delivery.redelivered));
    });
    this.#cancel = () => consumer.cancel();
  }

  async cancel(): Promise<void> {
    await this.#cancel?.();
    this.#cancel = undefined;
  }

  async drainDead(): Promise<string[]> {
    return drain(this.#channel, 'dead');
  }

  async end(): Promise<void> {
    await this.#channel.queueDelete('q');
    await this.#channel.queueDelete('dead');
  }
}

async function run(step: Step, model: QueueModel, actual: QueueUnderTest, scene: Scene): Promise<void> {
  switch (step.kind) {
    case 'publish':
      await actual.publish(model.publish(step.priority), step.priority);
      break;
    case 'get':
      expect(await actual.get()).toBe(model.get());
      break;
    case 'ack':
    case 'requeue':
    case 'reject': {
      const index = step.which % Math.max(1, model.unacked.length);
      actual.settle(index, step.kind);
      model.settle(index, step.kind);
      break;
    }
    case 'ackAll':
      actual.ackAll();
      model.ackAll();
      break;
    case 'purge':
      expect(await actual.purge()).toBe(model.purge());
      break;
    case 'delete':
      await actual.deleteQueue();
      model.deleteQueue();
      break;
    case 'closeChannel':
      await actual.closeChannel();
      model.closeChannel();
      break;
    case 'consume':
      if (model.consume(step.prefetchCount)) await actual.consume(step.prefetchCount);
      break;
    case 'cancel':
      if (model.cancel()) await actual.cancel();
      break;
    case 'advance':
      await scene.advance(step.ms);
      model.advance(step.ms);
      break;
  }
}

const which = fc.nat({ max: 1000 });
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), priority: fc.nat({ max: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('get' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('ack' as const, 'requeue' as const, 'reject' as const),
      which,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat({ max: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('consume' as const),
      prefetchCount: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('ackAll' as const, 'closeChannel' as const, 'cancel' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('purge' as const, 'delete' as const) }) },
);

const someSettings: fc.Arbitrary<Settings> = fc.record({
  ttlMs: fc.constantFrom(undefined, undefined, 100),
  maxLength: fc.constantFrom(undefined, undefined, 3),
  maxPriority: fc.constantFrom(undefined, undefined, 3),
});

test('a queue does what a simple model of it does, and leaves nothing in memory', async () => {
  const steps = fc.array(aStep, { maxLength: 150, size: 'max' });
  const workload = fc.asyncProperty(someSettings, steps, async (settings, workload) => {
    const scene = await startScene();
    const model = new QueueModel(settings);
    const actual = new QueueUnderTest(scene, settings);
    await scene.channel.queueDeclare('dead');
    await actual.declare();
    for (const step of workload) {
      await run(step, model, actual, scene);
      await scene.settled();
      expect(actual.counts).toEqual({ ready: model.ready.length, unacked: model.unacked.length });
      expect(actual.delivered).toEqual(model.delivered);
    }
    expect(await actual.drainDead()).toEqual(model.dead);
    await actual.end();
    expectNothingHeld(scene);
    await scene.broker.close();
  });
  await fc.assert(workload, { numRuns: RUNS });
});
