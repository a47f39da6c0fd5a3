import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { command, event, Fatal, service, Timeout } from '../services/services.ts';
import { type TestServices, type TestServicesOptions, testServices } from './test-services.ts';

const order = z.object({ id: z.string(), total: z.number() });
const placeOrder = command('orders.place', order, { reply: z.object({ status: z.string() }) });
const orderPlaced = event('orders.placed', order);
const remind = event('orders.remind', order);

const running: TestServices[] = [];

afterEach(async () => {
  for (const services of running.splice(0)) await services.close().catch(() => undefined);
});

async function started(
  units: Parameters<typeof testServices>[0],
  options?: TestServicesOptions,
): Promise<TestServices> {
  const services = await testServices(units, options);
  running.push(services);
  return services;
}

const orders = service('orders', { database: {} });
const mails = service('mails');

/** Places orders, and has something to say after an hour. */
const ordersUnit = orders.with(
  orders.on(placeOrder, async (placed, context) => {
    await context.publish(orderPlaced, placed);
    await context.publish(remind, placed, { delayMs: 3_600_000 });
    return { status: 'accepted' };
  }),
);

describe('settled', () => {
  test('waits for messages of messages, and for attempts at once', async () => {
    const seen: string[] = [];
    const unit = mails.with(
      mails.on(orderPlaced, async ({ id }, context) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (context.attempt < 3) throw new Error('try again');
        seen.push(id);
      }),
    );
    const t = await started([ordersUnit, unit]);
    await t.send(placeOrder, { id: 'a', total: 1 });
    await t.settled();
    expect(seen).toEqual(['a']);
  });

  test('does not wait for what waits for the clock', async () => {
    const seen: string[] = [];
    const unit = mails.with(
      mails.on(
        orderPlaced,
        ({ id }, context) => {
          if (context.attempt === 1) throw new Error('try again');
          seen.push(id);
        },
        { retry: { now: 1, laterMs: [600_000] } },
      ),
    );
    const t = await started([ordersUnit, unit]);
    await t.send(placeOrder, { id: 'a', total: 1 });
    await t.settled();
    expect(seen).toEqual([]);
    await t.clock.advance('9m');
    expect(seen).toEqual([]);
    await t.clock.advance('1m');
    expect(seen).toEqual(['a']);
  });

  test('does not wait for a call whose answer waits for the clock', async () => {
    const replies: unknown[] = [];
    const caller = mails.with(
      mails.on(
        remind,
        async (payload, context) => void replies.push(await context.call(placeOrder, payload)),
      ),
    );
    const slow = orders.with(
      orders.on(
        placeOrder,
        (_payload, { attempt }) => {
          if (attempt === 1) throw new Error('try again');
          return { status: 'late' };
        },
        { retry: { now: 1, laterMs: [10_000] } },
      ),
    );
    const t = await started([caller, slow]);
    await t.publish(remind, { id: 'a', total: 1 });
    await t.settled();
    expect(replies).toEqual([]);
    await t.clock.advance('10s');
    expect(replies).toEqual([{ status: 'late' }]);
  });

  test('fails for a dead letter, with the error and the seed, once', async () => {
    const unit = mails.with(
      mails.on(orderPlaced, () => {
        throw new Fatal('no such address');
      }),
    );
    const t = await started([ordersUnit, unit], { seed: 42 });
    await t.publish(orderPlaced, { id: 'a', total: 1 });
    await expect(t.settled()).rejects.toThrow(/'mails' gave up message .* no such address[\s\S]*seed 42/);
    expect(t.failures).toMatchObject([{ type: 'dead-letter', service: 'mails', attempts: 1 }]);
    await t.settled();
    await t.close();
  });

  test('fails when closing, for what nobody has heard of', async () => {
    const unit = mails.with(
      mails.on(orderPlaced, () => {
        throw new Fatal('no such address');
      }),
    );
    const t = await started([unit]);
    await t.publish(orderPlaced, { id: 'a', total: 1 });
    await t.broker.settled();
    await expect(t.close()).rejects.toThrow('no such address');
  });
});

describe('the clock', () => {
  test('fires what is due in order, each at its own time', async () => {
    const seen: string[] = [];
    const clockWork = service('clock-work');
    const unit = clockWork.with(
      clockWork.every(
        'tick',
        '*/20 * * * *',
        (due) => void seen.push(`tick ${due.toISOString().slice(11, 16)}`),
      ),
      clockWork.on(
        remind,
        (_payload, context) => void seen.push(`remind ${context.now().toISOString().slice(11, 16)}`),
      ),
    );
    const t = await started([ordersUnit, unit], { startTime: new Date('2030-05-01T12:05:00Z') });
    await t.send(placeOrder, { id: 'a', total: 1 });
    await t.settled();
    await t.clock.advance('90m');
    expect(seen).toEqual(['tick 12:20', 'tick 12:40', 'tick 13:00', 'remind 13:05', 'tick 13:20']);
    expect(t.clock.now.toISOString()).toBe('2030-05-01T13:35:00.000Z');
  });

  test('ends the time of a call', async () => {
    const unit = orders.with(
      orders.on(placeOrder, () => new Promise<{ status: string }>(() => {}), { timeoutMs: 1e9 }),
    );
    const t = await started([unit]);
    const failure = t.call(placeOrder, { id: 'a', total: 1 }).catch((error: unknown) => error);
    await t.clock.advance('31s');
    expect(await failure).toBeInstanceOf(Timeout);
  });

  test('ends the time of a handler', async () => {
    const attempts: number[] = [];
    const unit = mails.with(
      mails.on(
        orderPlaced,
        (_payload, { attempt }) => {
          attempts.push(attempt);
          return attempt === 1 ? new Promise<void>(() => {}) : undefined;
        },
        { timeoutMs: 30_000 },
      ),
    );
    const t = await started([unit]);
    await t.publish(orderPlaced, { id: 'a', total: 1 });
    await t.clock.advance('29s');
    expect(attempts).toEqual([1]);
    await t.clock.advance('2s');
    expect(attempts).toEqual([1, 2]);
  });
});

describe('looking', () => {
  test('published tells what was sent, by whomever, once each', async () => {
    const t = await started([ordersUnit], { duplicates: true });
    await t.send(placeOrder, { id: 'a', total: 1 });
    await t.publish(orderPlaced, { id: 'b', total: 2 });
    await t.settled();
    expect(await t.published(placeOrder)).toEqual([{ id: 'a', total: 1 }]);
    const ids = (await t.published(orderPlaced)).map(({ id }) => id);
    expect(ids.sort()).toEqual(['a', 'b']);
    expect(await t.published(remind)).toEqual([]);
  });

  test('dead letters can be read, and replayed', async () => {
    let isBroken = true;
    const seen: string[] = [];
    const unit = mails.with(
      mails.on(orderPlaced, ({ id }) => {
        if (isBroken) throw new Fatal('the server is away');
        seen.push(id);
      }),
    );
    const t = await started([unit], { deadLetters: 'allowed' });
    const messageId = await t.publish(orderPlaced, { id: 'a', total: 1 });
    await t.settled();
    const letter = {
      messageId,
      contract: 'orders.placed',
      payload: { id: 'a', total: 1 },
      error: 'the server is away',
      attempts: 1,
    };
    expect(await t.deadLetters(unit)).toEqual([letter]);
    expect(await t.deadLetters(unit)).toEqual([letter]);
    isBroken = false;
    expect(await t.replayDeadLetters(unit)).toBe(1);
    await t.settled();
    expect(seen).toEqual(['a']);
    expect(await t.deadLetters(unit)).toEqual([]);
  });

  test('a result is there when all is settled', async () => {
    const t = await started([ordersUnit]);
    const sent = await t.send(placeOrder, { id: 'a', total: 1 });
    expect(await sent.result()).toEqual({ status: 'accepted' });
    expect(await t.result(placeOrder, sent.messageId)).toEqual({ status: 'accepted' });
  });

  test('a database is that of its service, also for another instance', async () => {
    const unit = orders.with(
      orders.on(orderPlaced, async ({ id, total }, context) => {
        await context.database.run`create table if not exists totals (id text, total integer)`;
        await context.database.run`insert into totals (id, total) values (${id}, ${total})`;
      }),
    );
    const t = await started([unit]);
    const other = await t.run([unit]);
    await Promise.all([1, 2, 3, 4].map((total) => t.publish(orderPlaced, { id: 'a', total })));
    await t.settled();
    const sum = { sum: 10 };
    expect(await t.database(unit).get`select sum(total) as sum from totals`).toEqual(sum);
    expect(await other.database(unit).get`select sum(total) as sum from totals`).toEqual(sum);
  });
});

describe('faults', () => {
  const effects = async (options: TestServicesOptions): Promise<string[]> => {
    const seen: string[] = [];
    const unit = orders.with(
      orders.on(orderPlaced, async (placed, context) => {
        seen.push(placed.id);
        await context.publish(remind, placed);
      }),
    );
    const t = await started([unit], options);
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => t.publish(orderPlaced, { id, total: 1 })));
    await t.clock.advance('5s');
    expect((await t.published(remind)).map(({ id }) => id).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    return seen;
  };

  test.each(['before-commit', 'after-commit', 'before-ack'] as const)(
    '%s: each message crashes once',
    async (crash) => {
      const seen = await effects({ crash });
      // what was committed is not done again
      expect(seen).toHaveLength(crash === 'before-commit' ? 10 : 5);
    },
  );

  test('a function says which message crashes', async () => {
    let crashes = 0;
    const seen = await effects({
      crash: ({ point, part }) => point === 'before-commit' && part === 'orders.placed' && ++crashes <= 3,
    });
    expect(seen).toHaveLength(8);
  });

  test('the same seed shuffles in the same way, another one in another', async () => {
    const [one, same, other] = [
      await effects({ shuffle: true, seed: 7 }),
      await effects({ shuffle: true, seed: 7 }),
      await effects({ shuffle: 8, seed: 7 }),
    ];
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
    expect([...one].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

test('what a body throws says the seed, and ends the services', async () => {
  let services: TestServices | undefined;
  const failing = testServices([ordersUnit], { seed: 99 }, async (t) => {
    services = t;
    expect(1).toBe(2);
  });
  await expect(failing).rejects.toThrow(/expected 1 to be 2[\s\S]*seed 99/);
  await expect(services?.send(placeOrder, { id: 'a', total: 1 })).rejects.toThrow();
});

test('closing does not wait for ever for a handler that never ends', async () => {
  const unit = mails.with(mails.on(orderPlaced, () => new Promise<void>(() => {}), { timeoutMs: 1e9 }));
  const t = await started([unit]);
  await t.publish(orderPlaced, { id: 'a', total: 1 });
  await t.close();
});

test('a hundred run at the same time', async () => {
  const many = await Promise.all(Array.from({ length: 100 }, () => started([ordersUnit])));
  await Promise.all(many.map((t, total) => t.call(placeOrder, { id: 'a', total })));
  await Promise.all(many.map((t) => t.settled()));
  for (const [total, t] of many.entries())
    expect(await t.published(orderPlaced)).toEqual([{ id: 'a', total }]);
});
