import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { event } from '../../../src/services/contract.ts';
import { service } from '../../../src/services/service.ts';
import { SeededRandom } from '../../../src/testing/seeded-random.ts';
import {
  type TestServices,
  type TestServicesOptions,
  testServices,
} from '../../../src/testing/test-services.ts';
import {
  added,
  begun,
  ended,
  extended,
  LATE_MS,
  paid,
  paused,
  purchasesUnit,
  refund,
  tillUnit,
} from './purchase-saga.ts';

/** Where the sagas of a test are kept. */
export interface SagaFooting {
  /** An empty database each time. */
  createDatabase(): Promise<string>;
  /** How many random runs are looked at. */
  readonly runCount: number;
}

const UNITS = [purchasesUnit, tillUnit];

/** What holds for sagas, whatever database keeps them. */
export function describeSagas(name: string, footing: SagaFooting): void {
  describe(`sagas on ${name}`, () => {
    const started: TestServices[] = [];
    afterEach(async () => {
      await Promise.all(started.splice(0).map((t) => t.close()));
    });

    async function start(options: TestServicesOptions = {}, units = UNITS): Promise<TestServices> {
      const urls = new Map<string, string>();
      for (const unit of units) urls.set(unit.name, await footing.createDatabase());
      const t = await testServices(units, { databaseUrl: (unit) => urls.get(unit), ...options });
      started.push(t);
      return t;
    }

    it('go from message to message, and stop their timers when they are done', async () => {
      const t = await start();
      await t.publish(begun, { id: 'a' });
      await t.settled();
      await t.publish(added, { id: 'a', cents: 5 });
      await t.settled();
      await t.publish(paid, { id: 'a', cents: 7 });
      await t.settled();
      expect(await t.published(ended)).toEqual([{ id: 'a', how: 'paid', cents: 12 }]);
      expect(await unsentCount(t)).toBe(0);
      await t.clock.advance(2 * LATE_MS);
      expect(await t.published(ended)).toHaveLength(1);
    });

    it('go on at full speed when many messages come before their sagas', async () => {
      const events: string[] = [];
      const t = await start({ onEvent: ({ type }) => void events.push(type) });
      const ids = Array.from({ length: 15 }, (_, index) => `early-${index}`);
      for (const id of ids) await t.publish(added, { id, cents: 5 });
      await t.settled();
      expect(events.filter((type) => type === 'failed').length).toBeGreaterThanOrEqual(ids.length);
      expect(events).not.toContain('probing');
      for (const id of ids) await t.publish(begun, { id });
      await t.clock.advance('30s');
      for (const id of ids) await t.publish(paid, { id, cents: 7 });
      await t.settled();
      expect((await t.published(ended)).filter(({ cents }) => cents === 12)).toHaveLength(ids.length);
    });

    it('end when their time is up, and what comes too late is made good', async () => {
      const t = await start();
      await t.publish(begun, { id: 'a' });
      await t.settled();
      await t.clock.advance(LATE_MS - 1);
      expect(await t.published(ended)).toEqual([]);
      await t.clock.advance(1);
      expect(await t.published(ended)).toEqual([{ id: 'a', how: 'late', cents: 0 }]);
      await t.publish(paid, { id: 'a', cents: 7 });
      await t.settled();
      expect(await t.published(refund)).toEqual([{ id: 'a', cents: 7 }]);
      expect(await t.published(ended)).toHaveLength(1);
    });

    it('do not mix', async () => {
      const t = await start();
      for (const id of ['a', 'b', 'a/late', "c'"]) await t.publish(begun, { id });
      await t.settled();
      await t.publish(paid, { id: 'a', cents: 1 });
      await t.publish(paid, { id: "c'", cents: 2 });
      await t.settled();
      await t.clock.advance(LATE_MS);
      const all = await t.published(ended);
      expect(all.map(({ id, how }) => `${id} ${how}`).sort()).toEqual([
        'a paid',
        'a/late late',
        'b late',
        "c' paid",
      ]);
    });

    it('begin once, and ignore what comes after their end', async () => {
      const t = await start();
      await t.publish(begun, { id: 'a' });
      await t.settled();
      await t.publish(added, { id: 'a', cents: 5 });
      await t.settled();
      await t.publish(begun, { id: 'a' });
      await t.settled();
      await t.publish(paid, { id: 'a', cents: 1 });
      await t.settled();
      await t.publish(paid, { id: 'a', cents: 1 });
      await t.publish(begun, { id: 'a' });
      await t.settled();
      expect(await t.published(ended)).toEqual([{ id: 'a', how: 'paid', cents: 6 }]);
    });

    it('take a message that comes before the first one later', async () => {
      const t = await start();
      await t.publish(paid, { id: 'a', cents: 1 });
      await t.settled();
      await t.publish(begun, { id: 'a' });
      await t.settled();
      expect(await t.published(ended)).toEqual([]);
      await t.clock.advance('10s');
      expect(await t.published(ended)).toEqual([{ id: 'a', how: 'paid', cents: 1 }]);
    });

    it('give up a message whose saga never begins, and say what is missing', async () => {
      const t = await start({ deadLetters: 'allowed' });
      await t.publish(paid, { id: 'x', cents: 1 });
      await t.settled();
      await t.clock.advance('2h');
      const [letter] = await t.deadLetters(purchasesUnit);
      expect(letter?.error).toContain(
        "saga 'purchase' with key 'x' has not begun, and 'purchase.paid' cannot begin it; it begins with 'purchase.begun'",
      );
    });

    it('start a timer again and stop it', async () => {
      const t = await start();
      await t.publish(begun, { id: 'a' });
      await t.publish(begun, { id: 'b' });
      await t.settled();
      await t.clock.advance('30s');
      await t.publish(extended, { id: 'a', delayMs: 600_000 });
      await t.publish(paused, { id: 'b' });
      await t.settled();
      expect(await unsentCount(t)).toBe(1);
      await t.clock.advance('599s');
      expect(await t.published(ended)).toEqual([]);
      await t.clock.advance('1s');
      expect(await t.published(ended)).toEqual([{ id: 'a', how: 'late', cents: 0 }]);
      await t.publish(extended, { id: 'b', delayMs: 0 });
      await t.settled();
      expect(await t.published(ended)).toHaveLength(2);
    });

    it('ignore a timer that was on its way when it was stopped or started again', async () => {
      const t = await start();
      for (const id of ['a', 'b', 'c']) await t.publish(begun, { id });
      await t.settled();
      const fired = await t.database(purchasesUnit).all<{ id: string; body: Uint8Array }>`
        select id, body from leveret_outbox`;
      await t.publish(paused, { id: 'a' });
      await t.publish(extended, { id: 'b', delayMs: LATE_MS });
      await t.settled();
      const connection = await t.broker.connect();
      const channel = await connection.createChannel();
      for (const { id: messageId, body } of fired) {
        const properties = { messageId, type: 'purchases.purchase.timeout' };
        await channel.publish({ routingKey: 'purchases.in', body, properties });
      }
      await t.settled();
      expect(await t.published(ended)).toEqual([{ id: 'c', how: 'late', cents: 0 }]);
    });

    it('lose nothing of messages for one saga that come at the same time', async () => {
      const t = await start({ shuffle: true, duplicates: true });
      await t.publish(begun, { id: 'a' });
      await t.settled();
      await Promise.all(Array.from({ length: 100 }, () => t.publish(added, { id: 'a', cents: 1 })));
      await t.settled();
      await t.publish(paid, { id: 'a', cents: 0 });
      await t.settled();
      expect(await t.published(ended)).toEqual([{ id: 'a', how: 'paid', cents: 100 }]);
    });

    it('lose nothing when several instances share them', async () => {
      const t = await start();
      await Promise.all([t.run([purchasesUnit]), t.run([purchasesUnit])]);
      const ids = ['a', 'b', 'c'];
      await Promise.all(ids.map((id) => t.publish(begun, { id })));
      await t.settled();
      for (let round = 0; round < 20; round += 1) {
        await Promise.all(ids.map((id) => t.publish(added, { id, cents: 1 })));
      }
      await t.settled();
      await Promise.all(ids.map((id) => t.publish(paid, { id, cents: 0 })));
      await t.settled();
      const all = await t.published(ended);
      expect(all.map(({ id, cents }) => `${id} ${cents}`).sort()).toEqual(['a 20', 'b 20', 'c 20']);
    });

    it('begin once when two first messages come at the same time', async () => {
      const t = await start();
      await t.run([purchasesUnit]);
      const ids = Array.from({ length: 20 }, (_, index) => `a${index}`);
      await Promise.all(ids.flatMap((id) => [t.publish(begun, { id }), t.publish(begun, { id })]));
      await t.settled();
      await t.clock.advance(LATE_MS);
      expect((await t.published(ended)).map(({ id }) => id).sort()).toEqual(ids.toSorted());
    });

    it('go on after a restart, with their timers', async () => {
      const urls = new Map([['purchases', await footing.createDatabase()]]);
      const t = await testServices([], { databaseUrl: (unit) => urls.get(unit) });
      started.push(t);
      const first = await t.run([purchasesUnit]);
      await t.publish(begun, { id: 'a' });
      await t.publish(begun, { id: 'b' });
      await t.settled();
      await t.publish(added, { id: 'a', cents: 5 });
      await t.settled();
      await first.close();
      await t.publish(paid, { id: 'a', cents: 1 });
      await t.clock.advance(2 * LATE_MS);
      expect(await t.published(ended)).toEqual([]);
      await t.run([purchasesUnit]);
      await t.settled();
      await t.clock.advance('1s');
      const all = await t.published(ended);
      expect(all.map(({ id }) => id).sort()).toEqual(['a', 'b']);
      expect(all.find(({ id }) => id === 'b')?.how).toBe('late');
    });

    it('keep nothing of a transition that fails', async () => {
      const started = event('odd.started', z.object({ id: z.string() }));
      const odd = service('odd', { database: {} });
      const saga = odd
        .saga('odd', { state: z.object({ id: z.string() }), timers: ['late'] })
        .starts(
          started,
          ({ id }) => id,
          async (_message, context) => {
            await context.startTimer('late', 1000);
            await context.publish(ended, { id: 'x', how: 'late', cents: 0 });
            return { id: 5 } as unknown as { id: string };
          },
        )
        .timeout('late', (state) => state);
      const unit = odd.with(saga);
      const t = await start({ deadLetters: 'allowed' }, [unit]);
      await t.publish(started, { id: 'x' });
      await t.settled();
      const [letter] = await t.deadLetters(unit);
      expect(letter).toMatchObject({ attempts: 1 });
      expect(letter?.error).toContain(
        "saga 'odd' with key 'x': the state after 'odd.started' does not fit the schema of the saga: id: ",
      );
      await t.clock.advance('10s');
      expect(await t.published(ended)).toEqual([]);
      const row = await t.database(unit).get<{ n: number }>`select count(*) as n from leveret_saga`;
      expect(Number(row?.n)).toBe(0);
    });

    const runs = Array.from({ length: footing.runCount }, (_, index) => index + 1);
    const faults: readonly TestServicesOptions[] = [
      { shuffle: true },
      { shuffle: true, duplicates: true },
      { shuffle: true, crash: 'before-commit' },
      { shuffle: true, crash: 'after-commit' },
      { shuffle: true, duplicates: true, crash: 'before-ack' },
    ];
    it.each(runs)('end in one way each, in random run %i', async (seed) => {
      const t = await start({ ...faults[seed % faults.length], seed });
      await randomPurchases(t, new SeededRandom(seed));
    });
  });
}

const PURCHASES = Array.from({ length: 12 }, (_, index) => `p${index}`);

/** Messages and timers in a random order, most of them close to the moment at which the time is up. */
async function randomPurchases(t: TestServices, random: SeededRandom): Promise<void> {
  const steps = PURCHASES.flatMap((id) => [
    { atMs: 0, send: () => t.publish(begun, { id }) },
    { atMs: LATE_MS - 2 + (random.uint32() % 4), send: () => t.publish(paid, { id, cents: 7 }) },
  ]);
  let nowMs = 0;
  for (const { atMs, send } of steps.toSorted((one, other) => one.atMs - other.atMs)) {
    if (atMs > nowMs) await t.clock.advance(atMs - nowMs);
    nowMs = atMs;
    await send();
    if (random.uint32() % 2 === 0) await t.settled();
  }
  await t.settled();
  await t.clock.advance('1h');
  const ends = await t.published(ended);
  const refunds = await t.published(refund);
  expect(ends.map(({ id }) => id).sort(), 'one end each').toEqual(PURCHASES.toSorted());
  const late = ends.filter(({ how }) => how === 'late').map(({ id }) => id);
  expect(refunds.map(({ id }) => id).sort(), 'a refund for each that was late').toEqual(late.sort());
  const open = await t.database(purchasesUnit).get<{
    n: number;
  }>`select count(*) as n from leveret_saga where state is not null`;
  expect(Number(open?.n), 'open sagas').toBe(0);
  expect(await unsentCount(t), 'messages that were not sent').toBe(0);
}

async function unsentCount(t: TestServices): Promise<number> {
  const row = await t.database(purchasesUnit).get<{ n: number }>`select count(*) as n from leveret_outbox`;
  return Number(row?.n);
}
