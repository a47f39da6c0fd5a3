import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type RunningBroker, startBroker } from '../../../src/daemon/start-broker.ts';
import {
  command,
  event,
  run,
  type ServiceEvent,
  service,
  type Unit,
} from '../../../src/services/services.ts';
import { testServices } from '../../../src/testing/test-services.ts';
import { bank, paid, pay } from './services-in-test.ts';

const worker = service('worker');

function answering(): Unit {
  return worker.with(worker.on(pay, ({ amount }) => ({ balance: amount })));
}

/** A promise that somebody else resolves. */
function signalled(): { readonly given: Promise<void>; give(): void } {
  let give: () => void = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

async function withBroker(body: (broker: RunningBroker) => Promise<void>): Promise<void> {
  const broker = await startBroker({ amqpPort: false });
  try {
    await body(broker);
  } finally {
    await broker.close();
  }
}

describe('run', () => {
  it('starts a broker in the process when none is given', async () => {
    const app = await run([answering()]);
    expect(await app.call(pay, { id: 'a', amount: 3 })).toEqual({ balance: 3 });
    await app.close();
  });

  it('says which queue is another one, and what to do', async () => {
    await withBroker(async (broker) => {
      const channel = await (await broker.connect()).createChannel();
      await channel.queueDeclare('worker.in', { durable: false });
      await expect(run([answering()], { broker })).rejects.toThrow(
        "service 'worker' cannot start: queue 'worker.in' has 'durable' false on the broker, and the service declares true; 'leveret topology' shows",
      );
    });
  });

  it('closes what was open when a service cannot start', async () => {
    await withBroker(async (broker) => {
      const broken = service('broken', {
        database: { url: 'file::memory:', migrations: '/there/is/no/such/folder' },
      });
      await expect(run([answering(), broken.with(broken.on(paid, () => {}))], { broker })).rejects.toThrow(
        'such',
      );
      expect(broker.broker.connections.size).toBe(0);
    });
  });

  it('gives up when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(run([answering()], { signal })).rejects.toThrow('enough');
  });
});

describe('an app', () => {
  it('says that nobody can get a command', async () => {
    const unknown = command('nobody.there', z.object({}));
    await testServices([], {}, async (t) => {
      await expect(t.call(unknown, {})).rejects.toThrow(/'nobody.there' has no consumer: no queue takes it/);
      await expect(t.send(unknown, {})).rejects.toThrow(/start the service that handles it/);
      await t.publish(event('nobody.listens', z.object({})), {});
    });
  });

  it('says that no answer came in time, by the clock of the services', async () => {
    const held = signalled();
    const unit = worker.with(worker.on(pay, () => held.given.then(() => ({ balance: 1 }))));
    await testServices([unit], {}, async (t) => {
      const called = t.call(pay, { id: 'a', amount: 1 }, { timeoutMs: 2_000, messageId: 'm' });
      const failed = expect(called).rejects.toThrow(
        "command 'bank.pay' (message m) was not answered within 2000 ms",
      );
      await t.clock.advance('2s');
      await failed;
      held.give();
    });
  });

  it('refuses a payload that does not fit, before it is sent', async () => {
    await testServices([answering()], {}, async (t) => {
      const wrong = { id: 'a', amount: '1' as unknown as number };
      await expect(t.call(pay, wrong)).rejects.toThrow(
        "command 'bank.pay' does not fit its contract: amount",
      );
      expect(await t.published(pay)).toEqual([]);
    });
  });

  it('knows the verb of a contract also where nobody checked types', async () => {
    await testServices([answering()], {}, async (t) => {
      await expect(t.send(paid as never, {} as never)).rejects.toThrow("'bank.paid' is an event: publish it");
      await expect(t.publish(pay as never, {} as never)).rejects.toThrow(
        "'bank.pay' is a command: send or call it",
      );
    });
  });

  it('has the databases of its own units only', async () => {
    await testServices([answering()], {}, async (t) => {
      const payments = bank();
      expect(() => t.database(payments.with(payments.on(paid, () => {})))).toThrow(
        "unit 'bank' has no database in this app; those that have one: none",
      );
    });
  });

  it('lets handlers finish when it closes, and takes nothing more', async () => {
    const begun = signalled();
    const held = signalled();
    let count = 0;
    const unit = worker.with(
      worker.on(
        paid,
        async () => {
          count += 1;
          begun.give();
          await held.given;
        },
        { concurrency: 1 },
      ),
    );
    await withBroker(async (broker) => {
      const app = await run([unit], { broker });
      for (const id of ['a', 'b', 'c']) await app.publish(paid, { id, amount: 1 });
      await begun.given;
      const closed = app.close();
      expect((await app.health()).reasons[0]).toBe('it is closing');
      held.give();
      await closed;
      expect(count).toBe(1);
      const channel = await (await broker.connect()).createChannel();
      expect((await channel.queueDeclare('worker.in', { passive: true })).messageCount).toBe(2);
    });
  });

  it('does not wait for a handler that does not end', async () => {
    const begun = signalled();
    const unit = worker.with(
      worker.on(paid, async () => {
        begun.give();
        await new Promise(() => {});
      }),
    );
    await withBroker(async (broker) => {
      const app = await run([unit], { broker });
      await app.publish(paid, { id: 'a', amount: 1 });
      await begun.given;
      await app.close({ timeoutMs: 10 });
      const channel = await (await broker.connect()).createChannel();
      expect((await channel.queueDeclare('worker.in', { passive: true })).messageCount).toBe(1);
    });
  });

  it('undoes the transaction of a handler that does not end, so that its database can be closed', async () => {
    const begun = signalled();
    const payments = service('bank', { database: { url: 'file::memory:' } });
    const unit = payments.with(
      payments.on(paid, async (_payment, context) => {
        await context.database.get`select 1`;
        begun.give();
        await new Promise(() => {});
      }),
    );
    const told: ServiceEvent[] = [];
    await withBroker(async (broker) => {
      const app = await run([unit], { broker, onEvent: (each) => told.push(each) });
      await app.publish(paid, { id: 'a', amount: 1 });
      await begun.given;
      await app.close({ timeoutMs: 10 });
      expect(told.map(({ type }) => type)).toEqual(['connected', 'started', 'stopped']);
      const channel = await (await broker.connect()).createChannel();
      expect((await channel.queueDeclare('bank.in', { passive: true })).messageCount).toBe(1);
    });
  });

  it('declares a queue again that somebody deleted, and consumes it', async () => {
    const events = new EventEmitter();
    const told: ServiceEvent[] = [];
    await withBroker(async (broker) => {
      const app = await run([answering()], {
        broker,
        onEvent: (each) => {
          told.push(each);
          events.emit(each.type);
        },
      });
      const channel = await (await broker.connect()).createChannel();
      const troubled = once(events, 'trouble');
      await channel.queueDelete('worker.in');
      await troubled;
      expect((await app.health()).reasons).toEqual(["service 'worker' does not consume its queues"]);
      await expect.poll(async () => (await app.health()).isReady, { timeout: 10_000 }).toBe(true);
      expect(await app.call(pay, { id: 'a', amount: 2 })).toEqual({ balance: 2 });
      await app.close();
      expect(told.map(({ type }) => type)).toContain('trouble');
    });
  });
});

describe('a message from a foreign program', () => {
  it('is known by its exchange, and handled, without an id and a type', async () => {
    const seen: unknown[] = [];
    const unit = worker.with(
      worker.on(paid, (payment, context) => {
        seen.push(payment, context.messageId.length > 0);
      }),
    );
    await testServices([unit], {}, async (t) => {
      const channel = await (await t.broker.connect()).createChannel();
      await channel.publish({ exchange: 'bank.paid', routingKey: 'x', body: '{"id":"a","amount":1}' });
      await t.settled();
      expect(seen).toEqual([{ id: 'a', amount: 1 }, true]);
    });
  });

  it('becomes a dead letter that says what the service handles, when it handles no such thing', async () => {
    await testServices([answering()], { deadLetters: 'allowed' }, async (t) => {
      const channel = await (await t.broker.connect()).createChannel();
      await channel.publish({ routingKey: 'worker.in', body: '{}', properties: { type: 'stray' } });
      await channel.publish({ exchange: 'bank.pay', routingKey: 'none', body: 'no json' });
      await t.settled();
      const letters = await t.deadLetters(answering());
      expect(letters.map(({ error, attempts }) => [error, attempts])).toEqual([
        ["service 'worker' handles no 'stray' (in queue 'worker.in'); it handles: 'bank.pay'", 1],
        [expect.stringContaining('is no JSON'), 1],
      ]);
    });
  });
});

describe('messages that no part handles', () => {
  it('are counted under one name, whatever their senders call them', async () => {
    const unit = answering();
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      const app = await t.run([unit]);
      const channel = await (await t.broker.connect()).createChannel();
      for (let count = 0; count < 4; count += 1) {
        await channel.publish({
          routingKey: 'worker.in',
          body: '{}',
          properties: { type: `stray-${count}` },
        });
      }
      await t.settled();
      const metrics = await app.metrics();
      expect(metrics).not.toContain('stray');
      expect(metrics).toMatch(/part="-",outcome="dead"\} [1-4]/);
    });
  });
});

describe('a part that fails again and again', () => {
  it('gets one message at a time until one succeeds', async () => {
    let isDown = true;
    let handled = 0;
    const events: string[] = [];
    const unit = worker.with(
      worker.on(
        paid,
        () => {
          if (isDown) throw new Error('down');
          handled += 1;
        },
        { concurrency: 50, retry: { now: 1, laterMs: [60_000] } },
      ),
    );
    const onEvent = ({ type }: ServiceEvent): void => void events.push(type);
    await testServices([unit], { onEvent, deadLetters: 'allowed' }, async (t) => {
      for (let count = 0; count < 50; count += 1) await t.publish(paid, { id: `${count}`, amount: 1 });
      await t.clock.advance('2s');
      const failures = events.filter((type) => type === 'failed').length;
      expect(failures, 'ten, and one for each pause of 100, 200, 400, 800 ms').toBeLessThan(16);
      isDown = false;
      await t.clock.advance('2m');
      expect(handled).toBe(50);
      expect(events.filter((type) => type === 'probing' || type === 'recovered')).toEqual([
        'probing',
        'recovered',
      ]);
    });
  });
});
