import { expect } from 'vitest';
import {
  type BrokerAddress,
  type Client,
  connect,
  type IncomingDelivery,
} from '../../../src/client/client.ts';
import type { AnyContract } from '../../../src/services/contract.ts';
import type { HandlerOptions } from '../../../src/services/part.ts';
import type { Environment } from '../../../src/services/runtime/environment.ts';
import { OrderedConsumer } from '../../../src/services/runtime/ordered/ordered-consumer.ts';
import type { AttemptResult } from '../../../src/services/runtime/processing.ts';
import type { ServiceEvent } from '../../../src/services/runtime/service-event.ts';
import type { Subscription } from '../../../src/services/runtime/subscription.ts';
import { subscriptionsOf } from '../../../src/services/runtime/subscriptions-of.ts';
import { topologyOf } from '../../../src/services/runtime/topology-of.ts';
import type { Unit } from '../../../src/services/service.ts';
import { presenceExchange, slotOf, slotRoutingKey } from '../../../src/services/wire.ts';
import { uniqueName } from '../../client/client-scene.ts';
import { type Step, stepperUnit } from './stepper.ts';

export type StepHandler = (step: Step, delivery: IncomingDelivery, attempt: number) => unknown;

/** Reconnects at once, so that no test waits for it. */
const AT_ONCE = { minDelayMs: 5, maxDelayMs: 50 };

/** What instances did, in the order in which it had its effect. */
export class StepLog {
  readonly steps: (Step & { readonly instance: string })[] = [];
  /** Messages that were begun while another one of their key was under way. */
  overlapCount = 0;
  readonly #seen: Set<string> = new Set();
  readonly #underWay: Map<string, number> = new Map();
  #onSeen: () => void = () => {};

  begin({ key }: Step): void {
    const count = this.#underWay.get(key) ?? 0;
    if (count > 0) this.overlapCount += 1;
    this.#underWay.set(key, count + 1);
  }

  end(step: Step, instance: string): void {
    this.#underWay.set(step.key, (this.#underWay.get(step.key) ?? 0) - 1);
    this.steps.push({ ...step, instance });
    this.#seen.add(`${step.key}/${step.n}`);
    this.#onSeen();
  }

  /** Messages that had their effect, each counted once. */
  get seenCount(): number {
    return this.#seen.size;
  }

  seen(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onSeen = () => this.#seen.size >= count && resolve();
      this.#onSeen();
    });
  }

  /** Repeats are left out, as an inbox does: what is left is in order, and without a gap. */
  expectInOrder(perKey: number): void {
    const nextOf = new Map<string, number>();
    for (const { key, n } of this.steps) {
      const next = nextOf.get(key) ?? 0;
      expect(n, `of key ${key}: message ${n} before message ${next}`).toBeLessThanOrEqual(next);
      if (n === next) nextOf.set(key, next + 1);
    }
    for (const [key, next] of nextOf) expect(next, `messages of key ${key}`).toBe(perKey);
  }

  get instances(): Set<string> {
    return new Set(this.steps.map(({ instance }) => instance));
  }
}

/** A service with one ordered handler, of which a test starts instances. */
export class OrderedScene {
  readonly unit: Unit;
  readonly contract: AnyContract;
  readonly log: StepLog = new StepLog();
  readonly dead: Step[] = [];
  readonly events: ServiceEvent[] = [];
  readonly #subscription: Subscription;
  readonly #address: BrokerAddress | (() => BrokerAddress);
  readonly #instances: Set<Instance> = new Set();
  readonly #topology: ReturnType<typeof topologyOf>;
  #publisher: Client | undefined;

  constructor(
    address: BrokerAddress | (() => BrokerAddress),
    options: Omit<HandlerOptions, 'ordered'> = {},
    queueType: 'classic' | 'quorum' = 'classic',
  ) {
    const names = { service: uniqueName('stepper'), contract: uniqueName('steps') };
    const { contract, unit } = stepperUnit(names, () => {}, options);
    this.contract = contract;
    this.unit = unit;
    const [subscription] = subscriptionsOf(this.unit);
    this.#subscription = subscription as Subscription;
    this.#address = address;
    this.#topology = topologyOf(this.unit, { queueType });
  }

  async open(): Promise<this> {
    this.#publisher = await connect(this.#address, { reconnect: AT_ONCE });
    await this.#publisher.declare(this.#topology);
    return this;
  }

  async publish(key: string, n: number): Promise<void> {
    await this.publisher.publish({
      exchange: this.contract.name,
      routingKey: slotRoutingKey(slotOf(key)),
      body: { key, n },
      type: this.contract.name,
    });
  }

  /** Each key's messages in order, and the keys mixed. */
  async publishSteps(keyCount: number, from: number, to: number): Promise<void> {
    const published: Promise<void>[] = [];
    for (let n = from; n < to; n += 1) {
      for (let key = 0; key < keyCount; key += 1) published.push(this.publish(`key-${key}`, n));
    }
    await Promise.all(published);
  }

  get publisher(): Client {
    if (this.#publisher === undefined) throw new Error('the scene is not open');
    return this.#publisher;
  }

  async start(name: string, environment: Environment, handler: StepHandler): Promise<Instance> {
    const client = await connect(this.#address, { reconnect: AT_ONCE });
    const consumer = new OrderedConsumer(
      {
        client,
        service: this.unit.name,
        claimCheck: undefined,
        environment,
        onEvent: (each) => this.events.push(each),
        processor: {
          attempt: async ([delivery], _subscription, attempt) =>
            this.#attempt(delivery as IncomingDelivery, attempt, name, handler),
          deadLetter: async (delivery) => {
            this.dead.push(delivery.json<Step>());
            delivery.ack();
          },
        },
      },
      this.#subscription,
    );
    const instance = new Instance(client, consumer, () => this.#instances.delete(instance));
    this.#instances.add(instance);
    await consumer.start();
    return instance;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#instances].map((instance) => instance.stop()));
    const { exchanges, queues } = this.#topology;
    await this.publisher.delete({
      exchanges: [...exchanges.map(({ exchange }) => exchange), presenceExchange(this.unit.name)],
      queues: queues.map(({ queue = '' }) => queue),
    });
    await this.publisher.close();
  }

  async #attempt(
    delivery: IncomingDelivery,
    attempt: number,
    instance: string,
    handler: StepHandler,
  ): Promise<AttemptResult> {
    const step = delivery.json<Step>();
    this.log.begin(step);
    try {
      const result = await handler(step, delivery, attempt);
      return (result as AttemptResult | undefined) ?? { status: 'done' };
    } catch (error) {
      return { status: 'failed', error: error as Error, isFinal: false };
    } finally {
      this.log.end(step, instance);
    }
  }
}

export class Instance {
  readonly client: Client;
  readonly consumer: OrderedConsumer;
  readonly #onStopped: () => void;

  constructor(client: Client, consumer: OrderedConsumer, onStopped: () => void) {
    this.client = client;
    this.consumer = consumer;
    this.#onStopped = onStopped;
  }

  async stop(): Promise<void> {
    this.#onStopped();
    await this.consumer.stop();
    await this.client.close();
  }
}
