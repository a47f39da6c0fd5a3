import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { CrashPoint } from '../../../src/services/runtime/faults.ts';
import {
  command,
  event,
  Fatal,
  type ServiceEvent,
  service,
  type Unit,
} from '../../../src/services/services.ts';
import { type TestServices, testServices } from '../../../src/testing/test-services.ts';
import { bank, migrations, paid, pay } from './services-in-test.ts';

const CRASHES: readonly CrashPoint[] = ['before-commit', 'after-commit', 'before-ack'];

/** An entry of x-death. */
interface Death {
  readonly value: ReadonlyMap<string, { readonly value: unknown }>;
}

async function paymentCount(t: TestServices, unit: Unit): Promise<number> {
  const row = await t.database(unit).get<{ count: number }>`select count(*) as count from payments`;
  return Number(row?.count);
}

describe('a message of a service with a database', () => {
  const payments = bank();
  let runs = 0;
  const unit = payments.with(
    payments.on(pay, async ({ id, amount }, context) => {
      runs += 1;
      await context.database.run`insert into payments (id, amount) values (${id}, ${amount})`;
      await context.publish(paid, { id, amount });
      return { balance: amount };
    }),
  );

  for (const crash of CRASHES) {
    it(`has its effect once when the service crashes ${crash}`, async () => {
      await testServices([unit], { crash }, async (t) => {
        runs = 0;
        const called = t.call(pay, { id: 'a', amount: 5 });
        await t.settled();
        await t.clock.advance('1m');
        expect(await called).toEqual({ balance: 5 });
        expect(await paymentCount(t, unit)).toBe(1);
        expect(await t.published(paid)).toEqual([{ id: 'a', amount: 5 }]);
        expect(runs).toBe(crash === 'before-commit' ? 2 : 1);
      });
    });
  }

  it('sends nothing that is not committed', async () => {
    const payments = bank();
    let runs = 0;
    const hesitant = payments.with(
      payments.on(pay, async ({ id }, context) => {
        runs += 1;
        await context.publish(paid, { id, amount: runs });
        return { balance: runs };
      }),
    );
    const watcher = service('watcher');
    const seen: number[] = [];
    const watching = watcher.with(watcher.on(paid, ({ amount }) => void seen.push(amount)));
    let crashes = 0;
    const crash = ({ point, part }: { readonly point: string; readonly part: string }): boolean =>
      point === 'before-commit' && part === 'bank.pay' && crashes++ === 0;
    await testServices([hesitant, watching], { crash }, async (t) => {
      await t.call(pay, { id: 'a', amount: 0 });
      await t.settled();
      expect(seen).toEqual([2]);
    });
  });

  it('is answered again, and not handled again, under the same id', async () => {
    await testServices([unit], {}, async (t) => {
      runs = 0;
      const first = await t.call(pay, { id: 'a', amount: 5 }, { messageId: 'same' });
      const second = await t.call(pay, { id: 'a', amount: 5 }, { messageId: 'same' });
      expect([first, second, runs]).toEqual([{ balance: 5 }, { balance: 5 }, 1]);
    });
  });

  it('can be called twice at the same time under one id', async () => {
    await testServices([unit], {}, async (t) => {
      const calls = [1, 2, 3].map(() => t.call(pay, { id: 'a', amount: 5 }, { messageId: 'same' }));
      expect(await Promise.all(calls)).toEqual([{ balance: 5 }, { balance: 5 }, { balance: 5 }]);
      expect(await paymentCount(t, unit)).toBe(1);
    });
  });
});

describe('a handler that fails', () => {
  it('leaves neither rows nor messages behind', async () => {
    const payments = bank();
    let attempts = 0;
    const unit = payments.with(
      payments.on(pay, async ({ id, amount }, context) => {
        attempts += 1;
        await context.database.run`insert into payments (id, amount) values (${id}, ${amount})`;
        await context.publish(paid, { id, amount });
        if (attempts < 3) throw new Error('not yet');
        return { balance: context.attempt };
      }),
    );
    await testServices([unit], {}, async (t) => {
      expect(await t.call(pay, { id: 'a', amount: 1 })).toEqual({ balance: 3 });
      expect(await paymentCount(t, unit)).toBe(1);
      expect(await t.published(paid)).toHaveLength(1);
    });
  });

  it('is tried three times at once, then later, and then its message is a dead letter that says why', async () => {
    const events: ServiceEvent[] = [];
    const payments = bank();
    const unit = payments.with(
      payments.on(pay, () => Promise.reject(new Error('no money')), { retry: { laterMs: [10_000, 60_000] } }),
    );
    await testServices(
      [unit],
      { deadLetters: 'allowed', onEvent: (event) => events.push(event) },
      async (t) => {
        await t.send(pay, { id: 'a', amount: 1 }, { messageId: 'm' });
        await t.clock.advance('2m');
        const failed = events.filter((event) => event.type === 'failed');
        expect(failed.map(({ attempt, retryMs }) => [attempt, retryMs])).toEqual([
          [1, 0],
          [2, 0],
          [3, 10_000],
          [4, 60_000],
        ]);
        const channel = await (await t.broker.connect()).createChannel();
        const letter = await channel.get('bank.dead', { noAck: true });
        const headers = letter?.properties.headers;
        const value = (name: string): unknown => headers?.get(name)?.value;
        expect(letter?.properties.messageId).toBe('m');
        expect(value('x-error')).toBe('no money');
        expect(value('x-error-stack')).toContain('unit-of-work.test');
        expect(value('x-service')).toBe('bank');
        expect(value('x-attempts')).toBe(5);
        expect(value('x-first-failed')).toBe('2026-01-01T00:00:00.000Z');
        expect(value('x-retry-count')).toBeUndefined();
        expect(value('x-first-death-queue')).toBe('bank.in');
        const [death] = value('x-death') as Death[];
        expect(death?.value.get('queue')?.value).toBe('bank.in');
        expect(death?.value.get('exchange')?.value).toBe('bank.pay');
        expect(death?.value.get('reason')?.value).toBe('rejected');
        expect(death?.value.get('count')?.value).toBe(1);
      },
    );
  });

  it('says when an ordered message failed first, which waited here between its attempts', async () => {
    const keyed = event('bank.booked', z.object({ id: z.string() }), { key: ({ id }) => id });
    const payments = bank();
    const unit = payments.with(
      payments.on(keyed, () => Promise.reject(new Error('no')), {
        ordered: true,
        retry: { now: 2, laterMs: [10_000, 60_000] },
      }),
    );
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      await t.publish(keyed, { id: 'a' });
      await t.settled();
      await t.clock.advance('2m');
      const channel = await (await t.broker.connect()).createChannel();
      const headers = (await channel.get('bank.dead', { noAck: true }))?.properties.headers;
      expect(headers?.get('x-attempts')?.value).toBe(4);
      expect(headers?.get('x-first-failed')?.value).toBe('2026-01-01T00:00:00.000Z');
    });
  });

  it('counts the deaths of a message that was put back into its queue', async () => {
    const payments = bank();
    const unit = payments.with(payments.on(pay, () => Promise.reject(new Fatal('never'))));
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      await t.send(pay, { id: 'a', amount: 1 });
      await t.settled();
      const channel = await (await t.broker.connect()).createChannel();
      const first = await channel.get('bank.dead', { noAck: true });
      await channel.publish({
        routingKey: 'bank.in',
        body: first?.body ?? '',
        ...(first && { properties: first.properties }),
      });
      await t.settled();
      const letter = await channel.get('bank.dead', { noAck: true });
      const deaths = letter?.properties.headers?.get('x-death')?.value as unknown as Death[];
      expect(deaths).toHaveLength(1);
      expect(deaths[0]?.value.get('count')?.value).toBe(2);
    });
  });

  it('loses nothing when somebody deleted the queue of dead letters', async () => {
    const payments = bank();
    const unit = payments.with(payments.on(pay, () => Promise.reject(new Fatal('never'))));
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      const channel = await (await t.broker.connect()).createChannel();
      await channel.queueDelete('bank.dead');
      await t.send(pay, { id: 'a', amount: 1 });
      await t.settled();
      expect((await t.deadLetters(unit)).map(({ error }) => error)).toEqual(['never']);
    });
  });

  it('takes no longer than it may: its transaction is undone, and its context is over', async () => {
    const payments = bank();
    const late: unknown[] = [];
    let release: () => void = () => {};
    let attempts = 0;
    const unit = payments.with(
      payments.on(
        pay,
        async ({ id, amount }, context) => {
          attempts += 1;
          await context.database.run`insert into payments (id, amount) values (${id}, ${amount})`;
          if (attempts === 1) {
            await new Promise<void>((resolve) => {
              release = resolve;
            });
            late.push(context.signal.aborted, context.signal.reason.message);
            await context.publish(paid, { id, amount }).catch((reason) => late.push(reason.message));
            await context.database.get`select 1`.catch((reason) => late.push(reason.message));
          }
          return { balance: amount };
        },
        { timeoutMs: 1_000 },
      ),
    );
    await testServices([unit], {}, async (t) => {
      const called = t.call(pay, { id: 'a', amount: 7 });
      await t.clock.advance('2s');
      expect(await called).toEqual({ balance: 7 });
      expect(await paymentCount(t, unit)).toBe(1);
      release();
      await t.settled();
      expect(late.slice(0, 2)).toEqual([true, expect.stringContaining('did not end within 1000 ms')]);
      expect(late.slice(2)).toEqual([expect.stringContaining('is over'), expect.stringContaining('is over')]);
      expect(await t.published(paid)).toEqual([]);
    });
  });

  it('says which contract a reply does not fit, and does not try again', async () => {
    const payments = bank();
    let attempts = 0;
    const unit = payments.with(
      payments.on(pay, () => {
        attempts += 1;
        return { balance: 'much' } as unknown as { balance: number };
      }),
    );
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      await expect(t.call(pay, { id: 'a', amount: 1 })).rejects.toThrow(
        /reply to command 'bank.pay' does not fit its contract: balance/,
      );
      expect(attempts).toBe(1);
    });
  });
});

describe('a message of a service without a database', () => {
  it('is acknowledged once what it sent is confirmed', async () => {
    const worker = service('worker');
    const unit = worker.with(
      worker.on(pay, async (payment, context) => {
        await context.publish(paid, payment);
        return { balance: 1 };
      }),
    );
    for (const crash of CRASHES) {
      await testServices([unit], { crash }, async (t) => {
        expect(await t.call(pay, { id: 'a', amount: 1 })).toEqual({ balance: 1 });
        expect(await t.published(paid), crash).toEqual([{ id: 'a', amount: 1 }]);
      });
    }
  });

  it('cannot be sent later, and says so', async () => {
    const worker = service('worker');
    const unit = worker.with(
      worker.on(
        pay,
        async (payment, context) => {
          await context.publish(paid, payment, { delayMs: 1_000 });
          return { balance: 1 };
        },
        { retry: { now: 1, laterMs: [] } },
      ),
    );
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      await expect(t.call(pay, { id: 'a', amount: 1 })).rejects.toThrow(
        "event 'bank.paid' with delayMs: service 'worker' has no database",
      );
    });
  });

  it('keeps no results, and says so', async () => {
    const worker = service('worker');
    const unit = worker.with(worker.on(pay, () => ({ balance: 1 })));
    await testServices([unit], {}, async (t) => {
      const sent = await t.send(pay, { id: 'a', amount: 1 });
      await expect(sent.result()).rejects.toThrow("service 'worker' keeps no results: give it a database");
    });
  });
});

describe('what a service sends', () => {
  it('leaves out what could not be sent, when the handler knows what to do about that', async () => {
    const slow = event('bank.slow', z.object({ id: z.string().refine(async (id) => id !== 'bad') }));
    for (const payments of [service('bank'), service('bank', { database: { migrations } })]) {
      const refused: string[] = [];
      const unit = payments.with(
        payments.on(pay, async (payment, context) => {
          const note = (reason: Error): void => void refused.push(reason.name);
          await context.publish(paid, { ...payment, amount: 'much' as unknown as number }).catch(note);
          await context.publish(slow, { id: 'bad' }).catch(note);
          await context.publish(paid, payment);
          return { balance: 1 };
        }),
      );
      await testServices([unit], {}, async (t) => {
        expect(await t.call(pay, { id: 'a', amount: 1 })).toEqual({ balance: 1 });
        expect(refused).toEqual(['PayloadInvalid', 'PayloadInvalid']);
        expect(await t.published(paid)).toEqual([{ id: 'a', amount: 1 }]);
      });
    }
  });

  it('stays in the outbox while nobody can get it, and goes once somebody can', async () => {
    const wanted = command('ledger.book', z.object({ id: z.string() }));
    const events: ServiceEvent[] = [];
    const payments = bank();
    const unit = payments.with(
      payments.on(paid, async ({ id }, context) => {
        await context.send(wanted, { id });
      }),
    );
    const ledger = service('ledger');
    const booked: string[] = [];
    const ledgerUnit = ledger.with(
      ledger.on(wanted, ({ id }) => {
        booked.push(id);
      }),
    );
    await testServices([unit], { onEvent: (event) => events.push(event) }, async (t) => {
      await t.publish(paid, { id: 'a', amount: 1 });
      await t.clock.advance('5s');
      const undeliverable = events.filter((event) => event.type === 'undeliverable');
      expect(undeliverable.map(({ contract, retryMs }) => [contract, retryMs])).toEqual([
        ['ledger.book', 1_000],
        ['ledger.book', 2_000],
        ['ledger.book', 4_000],
      ]);
      await t.run([ledgerUnit]);
      await t.clock.advance('10s');
      expect(booked).toEqual(['a']);
    });
  });

  it('is sent when it is due', async () => {
    const payments = bank();
    const unit = payments.with(
      payments.on(pay, async (payment, context) => {
        await context.publish(paid, payment, { delayMs: 90_000 });
        return { balance: 0 };
      }),
    );
    await testServices([unit], {}, async (t) => {
      await t.call(pay, { id: 'a', amount: 1 });
      await t.clock.advance('89s');
      expect(await t.published(paid)).toEqual([]);
      await t.clock.advance('1s');
      expect(await t.published(paid)).toHaveLength(1);
    });
  });

  it('has the same ids each time that the message is tried', async () => {
    const ids: (string | undefined)[] = [];
    const worker = service('worker');
    let attempts = 0;
    const unit = worker.with(
      worker.on(pay, async (payment, context) => {
        await context.publish(paid, payment);
        await context.publish(paid, payment);
        attempts += 1;
        return { balance: 1 };
      }),
    );
    await testServices([unit], { crash: 'after-commit' }, async (t) => {
      const channel = await (await t.broker.connect()).createChannel();
      await channel.exchangeDeclare('bank.paid', 'topic', { durable: true });
      const { queue } = await channel.queueDeclare('');
      await channel.queueBind(queue, 'bank.paid', { routingKey: '#' });
      await channel.consume(queue, ({ properties }) => void ids.push(properties.messageId), { noAck: true });
      await t.call(pay, { id: 'a', amount: 1 });
      await t.settled();
      expect(attempts).toBe(2);
      expect(ids).toHaveLength(4);
      expect(new Set(ids).size).toBe(2);
    });
  });
});
