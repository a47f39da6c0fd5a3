import { afterEach, expect, test } from 'vitest';
import type { DirectChannel } from '../../src/client/direct-channel.ts';
import { openDirectConnection } from '../../src/client/direct-connection.ts';
import { Broker } from '../../src/core/broker.ts';
import { BrokerImage } from '../../src/core/recovery/broker-image.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualScheduler } from '../../src/testing/virtual-scheduler.ts';
import { SurvivingEngine } from '../storage/surviving-engine.ts';

/** A broker, with the engines that the next one goes on with. */
class Run {
  readonly broker: Broker;
  readonly main: SurvivingEngine;
  readonly cold: SurvivingEngine;
  readonly #scheduler: VirtualScheduler;

  private constructor(main: SurvivingEngine, cold: SurvivingEngine, log: MessageLog, image: BrokerImage) {
    this.main = main;
    this.cold = cold;
    this.#scheduler = new VirtualScheduler(() => this.broker.turn());
    const environment = {
      clock: new VirtualClock(Date.UTC(2026, 0, 1)),
      random: new SeededRandom(1),
      scheduler: this.#scheduler,
      store: log,
      credentials: {
        hash: (password: string) => password,
        verify: (password: string, hash: string | undefined, done: (matches: boolean) => void) =>
          done(password === hash),
      },
      onEvent: () => {},
    };
    this.broker = new Broker(environment, { heartbeatSeconds: 0 }, image);
  }

  static async start(main = new SurvivingEngine(), cold = new SurvivingEngine()): Promise<Run> {
    const log = new MessageLog(main, { cold });
    const image = new BrokerImage(log);
    await log.recover(image);
    return new Run(main, cold, log, image);
  }

  async channel(): Promise<DirectChannel> {
    return (await openDirectConnection(this.broker)).createChannel();
  }

  /** Without a word to anybody. */
  crash(): Promise<Run> {
    this.#scheduler.stop();
    return Run.start(this.main.reopened(), this.cold.reopened());
  }

  async stop(): Promise<Run> {
    await new Promise<void>((resolve) => this.broker.shutdown(resolve));
    return this.crash();
  }
}

let run: Run;

afterEach(async () => {
  await run.stop();
});

/** Publishes persistent messages '0' to 'count - 1' to the durable queue `q`. */
async function fill(channel: DirectChannel, count: number): Promise<void> {
  await channel.queueDeclare('q', { durable: true });
  await channel.confirmSelect();
  const published = Array.from({ length: count }, (_, index) =>
    channel.publish({
      routingKey: 'q',
      body: new TextEncoder().encode(String(index)),
      properties: { deliveryMode: 2 },
    }),
  );
  await Promise.all(published);
}

/** The text of the next message, and whether it is marked as redelivered. */
async function next(channel: DirectChannel): Promise<string> {
  const message = await channel.get('q');
  if (message === undefined) return 'empty';
  return `${new TextDecoder().decode(message.body)}${message.redelivered ? ' again' : ''}`;
}

test('after a stop exactly what was delivered and not acknowledged is marked as redelivered', async () => {
  run = await Run.start();
  const channel = await run.channel();
  await fill(channel, 5);
  await channel.get('q', { noAck: true });
  await channel.get('q');
  run = await run.stop();
  const after = await run.channel();
  expect([await next(after), await next(after), await next(after)]).toEqual(['1 again', '2', '3']);
  run = await run.stop();
  const last = await run.channel();
  const left = [await next(last), await next(last), await next(last), await next(last), await next(last)];
  expect(left).toEqual(['1 again', '2 again', '3 again', '4', 'empty']);
});

test('after a crash everything that may have been delivered is marked so, and comes in its order', async () => {
  run = await Run.start();
  await fill(await run.channel(), 3);
  run = await run.crash();
  const channel = await run.channel();
  expect([await next(channel), await next(channel)]).toEqual(['0 again', '1 again']);
  await fill(channel, 1);
  expect([await next(channel), await next(channel), await next(channel)]).toEqual(['2 again', '0', 'empty']);
});

test('a queue that was deleted is gone with its messages, and one that was purged is empty', async () => {
  run = await Run.start();
  const channel = await run.channel();
  await fill(channel, 3);
  await channel.queuePurge('q');
  await fill(channel, 1);
  await channel.queueDeclare('gone', { durable: true });
  await channel.publish({ routingKey: 'gone', body: Uint8Array.of(1), properties: { deliveryMode: 2 } });
  await channel.queueDelete('gone');
  run = await run.stop();
  const after = await run.channel();
  expect([await next(after), await next(after)]).toEqual(['0', 'empty']);
  expect([...(run.broker.vhosts.get('/')?.queues.keys() ?? [])]).toEqual(['q']);
});

test('transient messages and queues that are not durable do not come back', async () => {
  run = await Run.start();
  const channel = await run.channel();
  await fill(channel, 1);
  await channel.queueDeclare('passing');
  await channel.publish({ routingKey: 'passing', body: Uint8Array.of(1), properties: { deliveryMode: 2 } });
  await channel.publish({ routingKey: 'q', body: Uint8Array.of(1) });
  await fill(channel, 1);
  run = await run.stop();
  const after = await run.channel();
  expect([await next(after), await next(after), await next(after)]).toEqual(['0', '0', 'empty']);
  expect(run.broker.vhosts.get('/')?.queues.has('passing')).toBe(false);
});
