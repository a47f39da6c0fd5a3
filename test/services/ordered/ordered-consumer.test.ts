import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DirectConnection } from '../../../src/client/direct-connection.ts';
import { type RunningBroker, startBroker } from '../../../src/daemon/start-broker.ts';
import { systemClock } from '../../../src/services/clock.ts';
import type { HandlerOptions } from '../../../src/services/part.ts';
import type { Environment } from '../../../src/services/runtime/environment.ts';
import {
  PartitionConsumer,
  type PartitionMeans,
} from '../../../src/services/runtime/ordered/partition-consumer.ts';
import { topologyOf } from '../../../src/services/runtime/topology-of.ts';
import { gate } from '../../client/client-scene.ts';
import { ManualTime, settled } from './manual-time.ts';
import { OrderedScene } from './ordered-scene.ts';
import type { Step } from './stepper.ts';

const realTime: Environment = {
  clock: systemClock,
  random: Math.random,
  faults: undefined,
  workBegan: () => {},
  workEnded: () => {},
  pausesBetweenAttempts: true,
};

let broker: RunningBroker;
let connections: DirectConnection[];

beforeAll(async () => {
  broker = await startBroker({ amqpPort: false, storage: 'memory' });
});

afterAll(() => broker.close());

async function openScene(options: Omit<HandlerOptions, 'ordered'> = {}): Promise<OrderedScene> {
  connections = [];
  const address = {
    connect: async (given: Parameters<RunningBroker['connect']>[0]) => {
      const connection = await broker.connect(given);
      connections.push(connection);
      return connection;
    },
  };
  const scene = await new OrderedScene(address, options).open();
  onTestFinished(() => scene.close());
  return scene;
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits for what follows of messages on their way, which no clock can tell. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await tick();
}

describe('one instance', () => {
  test('handles the messages of each key in order, and other keys meanwhile', async () => {
    const scene = await openScene({ concurrency: 16 });
    let underWay = 0;
    let most = 0;
    await scene.start('a', realTime, async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await tick();
      underWay -= 1;
    });
    await scene.publishSteps(50, 0, 20);
    await scene.log.seen(1_000);
    scene.log.expectInOrder(20);
    expect(scene.log.overlapCount).toBe(0);
    expect(scene.log.steps).toHaveLength(1_000);
    expect(most).toBe(16);
  });

  test('a message that fails holds up its key, and no other one', async () => {
    const time = new ManualTime();
    const scene = await openScene({ concurrency: 2, retry: { now: 1, laterMs: [5_000, 60_000] } });
    const failing = new Set(['bad-0', 'bad-1', 'bad-2', 'bad-3']);
    const attempts: number[] = [];
    await scene.start('a', time.environment(), ({ key, n }, _delivery, attempt) => {
      if (key === 'bad-0' && n === 0) attempts.push(attempt);
      if (failing.has(key) && n === 0) throw new Error('not yet');
    });
    for (const key of [...failing, 'good']) {
      await scene.publish(key, 0);
      await scene.publish(key, 1);
    }
    await until(() => scene.log.steps.length === 6);
    expect(scene.log.steps.filter(({ n }) => n === 1).map(({ key }) => key)).toEqual(['good']);
    await time.advance(5_000);
    await settled();
    expect(attempts).toEqual([1, 2]);
    failing.delete('bad-1');
    await time.advance(60_000);
    await until(() => scene.log.steps.filter(({ n }) => n === 1).length === 5);
    expect(attempts).toEqual([1, 2, 3]);
    expect(scene.dead.map(({ key }) => key).sort()).toEqual(['bad-0', 'bad-2', 'bad-3']);
    expect(scene.events.filter(({ type }) => type === 'failed')).toHaveLength(8);
    expect(time.workCount).toBe(0);
  });

  test('attempts at once come before those that wait, and a final failure has neither', async () => {
    const time = new ManualTime();
    const scene = await openScene({ retry: { now: 3, laterMs: [5_000] } });
    const attempts: Step[] = [];
    await scene.start('a', time.environment(), (step, _delivery, attempt) => {
      attempts.push({ key: step.key, n: attempt });
      if (step.key === 'hopeless') return { status: 'failed', error: new Error('no payload'), isFinal: true };
      throw new Error('not yet');
    });
    await scene.publish('hopeless', 0);
    await until(() => scene.dead.length === 1);
    await scene.publish('late', 0);
    await until(() => attempts.length === 2);
    await settled();
    await time.advance(1_000);
    await settled();
    expect(attempts.map(({ key, n }) => `${key} ${n}`)).toEqual(['hopeless 1', 'late 1', 'late 2', 'late 3']);
    await time.advance(5_000);
    await until(() => scene.dead.length === 2);
    expect(attempts).toHaveLength(5);
  });

  test('a dead letter that is not confirmed is tried again, and its key waits', async () => {
    const time = new ManualTime();
    const scene = await openScene({ retry: { now: 1, laterMs: [] } });
    let refusals = 2;
    const push = scene.dead.push.bind(scene.dead);
    scene.dead.push = (step) => {
      if (refusals-- > 0) throw new Error('there is no such queue');
      return push(step);
    };
    await scene.start('a', time.environment(), ({ n }) => {
      if (n === 0) throw new Error('bad');
    });
    await scene.publish('k', 0);
    await scene.publish('k', 1);
    await until(() => refusals === 1);
    await settled();
    await time.advance(1_000);
    await settled();
    expect(scene.log.steps).toHaveLength(1);
    await time.advance(1_000);
    await until(() => scene.log.steps.length === 2);
    expect(scene.dead.map(({ n }) => n)).toEqual([0]);
    expect(scene.events.filter(({ type }) => type === 'trouble')).toHaveLength(2);
  });

  test('a delivery that a test delivers twice is handled twice, before the next one of its key', async () => {
    const scene = await openScene();
    await scene.start('a', { ...realTime, faults: { duplicates: true } }, tick);
    await scene.publishSteps(3, 0, 3);
    await scene.log.seen(9);
    await until(() => scene.log.steps.length === 18);
    const ofOne = scene.log.steps.filter(({ key }) => key === 'key-1').map(({ n }) => n);
    expect(ofOne).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test('a crash gives back what was held, in its place', async () => {
    const scene = await openScene();
    let crashes = 3;
    await scene.start('a', realTime, ({ n }) =>
      n === 2 && crashes-- > 0 ? { status: 'crashed' } : undefined,
    );
    await scene.publishSteps(4, 0, 6);
    await until(() => scene.log.steps.filter(({ n }) => n === 5).length === 4);
    expect(scene.log.steps.length).toBe(24 + 3);
    expect(scene.log.overlapCount).toBe(0);
    scene.log.expectInOrder(6);
  });

  test('a rate for each key holds up no other key, and no turn', async () => {
    const time = new ManualTime();
    const scene = await openScene({ concurrency: 1, rate: { perSecond: 1, perKey: true } });
    await scene.start('a', time.environment(), tick);
    await scene.publishSteps(10, 0, 3);
    await until(() => scene.log.steps.length === 10);
    await settled();
    expect(scene.log.steps.every(({ n }) => n === 0)).toBe(true);
    await time.advance(1_000);
    await until(() => scene.log.steps.length === 20);
    await time.advance(1_000);
    await until(() => scene.log.steps.length === 30);
    scene.log.expectInOrder(3);
  });

  test('a queue that is deleted is consumed again when it is back', async () => {
    const time = new ManualTime();
    const scene = await openScene();
    const instance = await scene.start('a', time.environment(), tick);
    const topology = topologyOf(scene.unit);
    const [, , queue] = topology.queues.map((each) => each.queue ?? '');
    await scene.publisher.delete({ queues: [queue ?? ''] });
    await until(() => scene.events.length >= 2);
    expect(scene.events[0]).toMatchObject({ type: 'trouble', text: expect.stringContaining(`'${queue}'`) });
    expect(instance.consumer.isConsuming).toBe(false);
    expect(time.workCount).toBe(0);
    await scene.publisher.declare(topology);
    await time.advance(1_000);
    await until(() => instance.consumer.isConsuming);
    await scene.publishSteps(64, 0, 1);
    await scene.log.seen(64);
  });

  test('what is handled while its connection is lost ends before the next message of its key begins', async () => {
    const scene = await openScene();
    const began = gate();
    const mayEnd = gate();
    const instance = await scene.start('a', realTime, async ({ key, n }, delivery) => {
      if (key !== 'key-0' || n !== 0 || delivery.redelivered) return;
      began.open();
      await mayEnd.opened;
    });
    await scene.publishSteps(2, 0, 5);
    await began.opened;
    const restored = once(instance.client, 'restored');
    connections.at(-1)?.destroy();
    await restored;
    await until(() => scene.log.steps.filter(({ key }) => key === 'key-1').length >= 5);
    expect(scene.log.steps.some(({ key }) => key === 'key-0')).toBe(false);
    mayEnd.open();
    await until(() => scene.log.steps.some(({ key, n }) => key === 'key-0' && n === 4));
    expect(scene.log.overlapCount).toBe(0);
    scene.log.expectInOrder(5);
  });
});

test('a partition that is to be given up before it started has one place in the line, and leaves it', async () => {
  const scene = await openScene();
  const [, , queue = ''] = topologyOf(scene.unit).queues.map((each) => each.queue);
  const means = { client: scene.publisher, environment: realTime, service: scene.unit.name };
  const partition = new PartitionConsumer(means as unknown as PartitionMeans, queue);
  partition.giveUp();
  await partition.start();
  expect(await scene.publisher.inspect(queue)).toMatchObject({ consumerCount: 1 });
  await partition.stop();
  expect(await scene.publisher.inspect(queue)).toMatchObject({ consumerCount: 0 });
});

describe('several instances', () => {
  test('share the partitions', async () => {
    const scene = await openScene();
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await scene.start(name, realTime, tick);
    let n = 0;
    while (scene.log.instances.size < 4) {
      await scene.publishSteps(64, n, n + 1);
      n += 1;
      await scene.log.seen(64 * n);
    }
    scene.log.expectInOrder(n);
    expect(scene.log.overlapCount).toBe(0);
  });

  test('that come and go keep the order, and handle each message once', async () => {
    const scene = await openScene({ concurrency: 8 });
    const handler = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    const running = [await scene.start('first', realTime, handler)];
    let isDone = false;
    const coming = (async () => {
      for (let count = 0; !isDone; count += 1) {
        running.push(await scene.start(`instance-${count}`, realTime, handler));
        if (running.length > 3) await running.shift()?.stop();
      }
    })();
    for (let n = 0; n < 20; n += 1) {
      await scene.publishSteps(200, n, n + 1);
      await scene.log.seen(200 * (n - 1));
    }
    await scene.log.seen(4_000);
    isDone = true;
    await coming;
    scene.log.expectInOrder(20);
    expect(scene.log.overlapCount).toBe(0);
    expect(scene.log.steps).toHaveLength(4_000);
    expect(scene.log.instances.size).toBeGreaterThan(2);
  });

  test('whose connections are cut keep the order', async () => {
    const scene = await openScene({ concurrency: 8 });
    for (const name of ['a', 'b', 'c', 'd']) await scene.start(name, realTime, tick);
    for (let n = 0; n < 20; n += 1) {
      await scene.publishSteps(100, n, n + 1);
      const open = connections.slice(1);
      open[Math.floor(Math.random() * open.length)]?.destroy();
    }
    await scene.log.seen(2_000);
    scene.log.expectInOrder(20);
  });

  test('that come after a cut get their share', async () => {
    const scene = await openScene();
    const first = await scene.start('a', new ManualTime().environment(), tick);
    const restored = once(first.client, 'restored');
    connections.at(-1)?.destroy();
    await restored;
    await scene.start('b', new ManualTime().environment(), tick);
    let n = 0;
    while (scene.log.instances.size < 2) {
      await scene.publishSteps(64, n, n + 1);
      n += 1;
      await scene.log.seen(64 * n);
    }
    scene.log.expectInOrder(n);
  });

  test('a partition moves although one of its keys waits for its next attempt', async () => {
    const time = new ManualTime();
    const scene = await openScene({ retry: { now: 1, laterMs: [60_000] } });
    const first = await scene.start('a', time.environment(), () => {
      throw new Error('not here');
    });
    await scene.publishSteps(8, 0, 2);
    await until(() => scene.log.steps.length === 8);
    await scene.start('b', time.environment(), tick);
    await first.stop();
    await until(() => scene.log.steps.filter(({ instance }) => instance === 'b').length === 16);
    expect(scene.dead).toEqual([]);
    scene.log.expectInOrder(2);
  });

  test("what an instance had that goes without a word is the next one's at once", async () => {
    const time = new ManualTime();
    const scene = await openScene();
    await scene.start('a', time.environment(), tick);
    const second = await scene.start('b', time.environment(), tick);
    await scene.publishSteps(64, 0, 1);
    await scene.log.seen(64);
    expect(scene.log.instances).toEqual(new Set(['a', 'b']));
    await second.client.close();
    await scene.publishSteps(64, 1, 2);
    await scene.log.seen(128);
    expect(scene.log.steps.slice(64).every(({ instance }) => instance === 'a')).toBe(true);
    scene.log.expectInOrder(2);
  });
});
