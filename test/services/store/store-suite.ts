import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/services/store/store.ts';
import { migrationSuite } from './migration-suite.ts';
import { processSuite } from './process-suite.ts';
import type { StoreFooting } from './store-footing.ts';
import {
  claimedIds,
  committed,
  isOpenYet,
  migratedStore,
  NOW_MS,
  openedStore,
  outgoing,
  write,
} from './store-scene.ts';

/** No other process sees it. */
export const IN_MEMORY = 'a store of SQLite in memory';

/** What a store does, whatever engine it is on. */
export function storeSuite(name: string, openFooting: () => Promise<StoreFooting>): void {
  describe(name, () => {
    let footing: StoreFooting;
    beforeAll(async () => {
      footing = await openFooting();
    });
    afterAll(() => footing.close());

    describe('its inbox', () => inboxTests(() => footing));
    describe('its outbox', () => outboxTests(() => footing));
    describe('its sagas', () => sagaTests(() => footing));
    describe('the database of users', () => databaseTests(() => footing));
    describe('transactions', () => transactionTests(() => footing));
    describe('migrations', () => migrationSuite(() => footing));
    if (name !== IN_MEMORY) describe('processes', () => processSuite(() => footing));
  });
}

function inboxTests(footing: () => StoreFooting): void {
  let store: Store;
  beforeEach(async () => {
    store = await migratedStore(await footing().newUrl());
  });

  test('a message is found once it is committed, with its reply', async () => {
    const transaction = await store.begin();
    expect(await transaction.markHandled('m1', 'place', NOW_MS)).toBe(true);
    await transaction.setReply('m1', 'place', '{"status":"accepted"}');
    expect(await store.findHandled('m1', 'place')).toBeUndefined();
    await transaction.commit();
    expect(await store.findHandled('m1', 'place')).toEqual({ reply: '{"status":"accepted"}' });
  });

  test('a message without a reply is found as such', async () => {
    await committed(store, (transaction) => transaction.markHandled('m1', 'place', NOW_MS));
    expect(await store.findHandled('m1', 'place')).toEqual({ reply: undefined });
  });

  test('each part of a service handles a message for itself', async () => {
    await committed(store, (transaction) => transaction.markHandled('m1', 'place', NOW_MS));
    expect(await store.findHandled('m1', 'bill')).toBeUndefined();
    expect(await store.findHandled('m2', 'place')).toBeUndefined();
    const other = await store.begin();
    expect(await other.markHandled('m1', 'bill', NOW_MS)).toBe(true);
    await other.rollback();
  });

  test('the second transaction with a message is told that it was handled', async () => {
    await committed(store, (transaction) => transaction.markHandled('m1', 'place', NOW_MS));
    const second = await store.begin();
    expect(await second.markHandled('m1', 'place', NOW_MS)).toBe(false);
    await second.rollback();
  });

  test('a message whose transaction is rolled back can be handled', async () => {
    const first = await store.begin();
    await first.markHandled('m1', 'place', NOW_MS);
    await first.rollback();
    expect(await store.findHandled('m1', 'place')).toBeUndefined();
    const second = await store.begin();
    expect(await second.markHandled('m1', 'place', NOW_MS)).toBe(true);
    await second.rollback();
  });

  test('of copies that are handled at the same time one wins, and the others hear of it when it is durable', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const transaction = await store.begin();
        const isFirst = await transaction.markHandled('m1', 'place', NOW_MS);
        if (!isFirst) {
          const found = await store.findHandled('m1', 'place');
          await transaction.rollback();
          return found;
        }
        await transaction.setReply('m1', 'place', String(index));
        await transaction.commit();
        return 'won';
      }),
    );
    const winner = outcomes.indexOf('won');
    const others = outcomes.filter((_, index) => index !== winner);
    expect(others).toEqual(Array(9).fill({ reply: String(winner) }));
  });

  test('a copy waits for the one that is under way, and wins when that is rolled back', async () => {
    const first = await store.begin();
    await first.markHandled('m1', 'place', NOW_MS);
    const second = store.begin().then(async (transaction) => ({
      transaction,
      isNew: await transaction.markHandled('m1', 'place', NOW_MS),
    }));
    expect(await isOpenYet(second)).toBe(true);
    await first.rollback();
    const { transaction, isNew } = await second;
    expect(isNew).toBe(true);
    await transaction.commit();
    expect(await store.findHandled('m1', 'place')).toEqual({ reply: undefined });
  });

  test('what was handled before a time is forgotten', async () => {
    for (let index = 0; index < 12; index++) {
      await committed(store, (transaction) => transaction.markHandled(`m${index}`, 'place', NOW_MS + index));
    }
    expect(await store.forgetBefore(NOW_MS + 10)).toBe(10);
    expect(await store.findHandled('m9', 'place')).toBeUndefined();
    expect(await store.findHandled('m10', 'place')).toEqual({ reply: undefined });
    expect(await store.forgetBefore(NOW_MS + 10)).toBe(0);
  });

  test('why a message failed for good is kept, and does not keep it from being handled', async () => {
    await store.noteFailed('m1', 'place', 'no money', NOW_MS);
    expect(await store.findHandled('m1', 'place')).toBeUndefined();
    expect(await store.findFailed('m1', 'place')).toBe('no money');
    expect(await store.findFailed('m1', 'bill')).toBeUndefined();
    await store.noteFailed('m1', 'place', "the card's gone", NOW_MS + 1);
    expect(await store.findFailed('m1', 'place')).toBe("the card's gone");
    await committed(store, async (transaction) => {
      expect(await transaction.markHandled('m1', 'place', NOW_MS + 2)).toBe(true);
    });
    expect(await store.findHandled('m1', 'place')).toEqual({ reply: undefined });
  });

  test('why messages failed before a time is forgotten', async () => {
    await store.noteFailed('m1', 'place', 'old', NOW_MS);
    await store.noteFailed('m2', 'place', 'new', NOW_MS + 1);
    expect(await store.forgetBefore(NOW_MS + 1)).toBe(1);
    expect(await store.findFailed('m1', 'place')).toBeUndefined();
    expect(await store.findFailed('m2', 'place')).toBe('new');
  });

  test('more are forgotten than fit into one transaction', async () => {
    await committed(store, async (transaction) => {
      for (let index = 0; index < 1_200; index++) await transaction.markHandled(`m${index}`, 'place', NOW_MS);
    });
    expect(await store.forgetBefore(NOW_MS + 1)).toBe(1_200);
  });
}

function outboxTests(footing: () => StoreFooting): void {
  let store: Store;
  beforeEach(async () => {
    store = await migratedStore(await footing().newUrl());
  });

  test('a message comes back as it was written', async () => {
    const record = outgoing('a', { body: new Uint8Array([0, 255, 10]) });
    await write(store, record);
    const [claimed] = await store.claimOutgoing(NOW_MS, 10_000, 10);
    expect(claimed).toMatchObject({ ...record, body: expect.anything() });
    expect(claimed?.body).toBeInstanceOf(Uint8Array);
    expect([...(claimed?.body ?? [])]).toEqual([0, 255, 10]);
    expect(claimed?.timer).toBeUndefined();
  });

  test('messages are taken in the order in which they were written, as many as asked for', async () => {
    await write(store, ...['d', 'a', 'c'].map((id) => outgoing(id)));
    await write(store, outgoing('b'), outgoing('early', { dueMs: NOW_MS - 1 }));
    expect(await claimedIds(store, { limit: 3 })).toEqual(['early', 'd', 'a']);
    expect(await claimedIds(store, { limit: 3 })).toEqual(['c', 'b']);
    expect(await claimedIds(store)).toEqual([]);
  });

  test('what is rolled back is not sent', async () => {
    const transaction = await store.begin();
    await transaction.addOutgoing([outgoing('a')], NOW_MS, 0);
    await transaction.rollback();
    expect(await claimedIds(store)).toEqual([]);
  });

  test('whoever committed a message may send it first', async () => {
    await committed(store, async (transaction) => {
      await transaction.markHandled('m1', 'place', NOW_MS);
      // Time has passed since the transaction began.
      await transaction.addOutgoing([outgoing('a', { dueMs: NOW_MS + 5 })], NOW_MS + 5, 1_000);
    });
    expect(await claimedIds(store, { nowMs: NOW_MS + 1_004 })).toEqual([]);
    expect(await claimedIds(store, { nowMs: NOW_MS + 1_005 })).toEqual(['a']);
  });

  test('a message for later is sent when it is due, and not later', async () => {
    await committed(store, async (transaction) => {
      await transaction.markHandled('m1', 'place', NOW_MS);
      await transaction.addOutgoing([outgoing('a', { dueMs: NOW_MS + 10 })], NOW_MS, 1_000);
    });
    expect(await store.nextDueMs()).toBe(NOW_MS + 10);
    expect(await claimedIds(store, { nowMs: NOW_MS + 9 })).toEqual([]);
    expect(await claimedIds(store, { nowMs: NOW_MS + 10 })).toEqual(['a']);
  });

  test('what is taken is free again when the lease is over', async () => {
    await write(store, outgoing('a'));
    expect(await claimedIds(store, { leaseMs: 10_000 })).toEqual(['a']);
    expect(await claimedIds(store, { nowMs: NOW_MS + 9_999 })).toEqual([]);
    expect(await claimedIds(store, { nowMs: NOW_MS + 10_000 })).toEqual(['a']);
  });

  test('several who take at the same time take each message once', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `id-${index}`);
    await write(store, ...ids.map((id) => outgoing(id)));
    const taken = await Promise.all(ids.map(() => claimedIds(store, { limit: 7 })));
    expect(taken.flat().sort()).toEqual([...ids].sort());
  });

  test('what was sent is gone', async () => {
    await write(store, outgoing('a'), outgoing('b'), outgoing('c'));
    await Promise.all([store.deleteOutgoing(['a']), store.deleteOutgoing(['c', 'unknown'])]);
    await store.deleteOutgoing([]);
    expect(await claimedIds(store)).toEqual(['b']);
  });

  test('a message that nobody could get waits for its next time', async () => {
    await write(store, outgoing('a'), outgoing('b'));
    await claimedIds(store);
    await store.postponeOutgoing(['a'], NOW_MS + 2_000);
    expect(await claimedIds(store, { nowMs: NOW_MS + 1_999 })).toEqual([]);
    expect(await claimedIds(store, { nowMs: NOW_MS + 2_000 })).toEqual(['a']);
  });

  test('writing a message twice keeps the first', async () => {
    await write(store, outgoing('a', { routingKey: 'first' }));
    await write(store, outgoing('a', { routingKey: 'second' }), outgoing('b'));
    const claimed = await store.claimOutgoing(NOW_MS, 1, 10);
    expect(claimed.map(({ id, routingKey }) => [id, routingKey])).toEqual([
      ['a', 'first'],
      ['b', 'slot.7'],
    ]);
  });

  test('a timer takes the place of the one with its name', async () => {
    await write(store, outgoing('t1', { timer: 'pay', dueMs: NOW_MS + 5 }));
    await write(store, outgoing('t2', { timer: 'pay', dueMs: NOW_MS + 9 }), outgoing('u', { timer: 'ship' }));
    const claimed = await store.claimOutgoing(NOW_MS + 100, 1, 10);
    expect(claimed.map(({ id, timer }) => [id, timer])).toEqual([
      ['u', 'ship'],
      ['t2', 'pay'],
    ]);
  });

  test('a timer that is set again while it is being sent is sent again', async () => {
    await write(store, outgoing('t1', { timer: 'pay' }));
    expect(await claimedIds(store)).toEqual(['t1']);
    await write(store, outgoing('t2', { timer: 'pay' }));
    await store.deleteOutgoing(['t1']);
    expect(await claimedIds(store)).toEqual(['t2']);
  });

  test('a timer that is set twice in one transaction is the later one', async () => {
    await write(store, outgoing('t1', { timer: 'pay' }), outgoing('t2', { timer: 'pay' }));
    expect(await claimedIds(store)).toEqual(['t2']);
  });

  test('a timer that is cancelled is gone, with its transaction only', async () => {
    await write(store, outgoing('t', { timer: 'pay' }), outgoing('u', { timer: 'ship' }));
    const undone = await store.begin();
    await undone.cancelTimer('pay');
    await undone.rollback();
    await committed(store, (transaction) => transaction.cancelTimer('ship'));
    await committed(store, (transaction) => transaction.cancelTimer('unknown'));
    expect(await claimedIds(store)).toEqual(['t']);
  });

  test('it says when the next message is due, and what is late', async () => {
    expect(await store.nextDueMs()).toBeUndefined();
    expect(await store.outboxLag(NOW_MS)).toEqual({ count: 0, oldestDueMs: undefined });
    await write(
      store,
      ...[5, 7, 9_000].map((laterMs) => outgoing(`in ${laterMs}`, { dueMs: NOW_MS + laterMs })),
    );
    expect(await store.nextDueMs()).toBe(NOW_MS + 5);
    expect(await store.outboxLag(NOW_MS + 10)).toEqual({ count: 2, oldestDueMs: NOW_MS + 5 });
    await claimedIds(store, { nowMs: NOW_MS + 10 });
    expect(await store.nextDueMs()).toBe(NOW_MS + 9_000);
    expect(await store.outboxLag(NOW_MS + 10)).toEqual({ count: 2, oldestDueMs: NOW_MS + 5 });
  });

  test('many messages of one transaction are written', async () => {
    const records = Array.from({ length: 1_000 }, (_, index) => outgoing(`id-${index}`));
    await write(store, ...records);
    expect(await claimedIds(store, { limit: 2_000 })).toEqual(records.map(({ id }) => id));
  });
}

function sagaTests(footing: () => StoreFooting): void {
  let store: Store;
  beforeEach(async () => {
    store = await migratedStore(await footing().newUrl());
  });

  test('the state is kept under the saga and its key', async () => {
    await committed(store, (transaction) => transaction.saveSaga('order', 'a', '{"paid":false}', NOW_MS));
    await committed(store, (transaction) => transaction.saveSaga('order', 'a', '{"paid":true}', NOW_MS));
    await committed(store, async (transaction) => {
      expect(await transaction.lockSaga('order', 'a')).toEqual({ state: '{"paid":true}' });
      expect(await transaction.lockSaga('order', 'b')).toBeUndefined();
      expect(await transaction.lockSaga('refund', 'a')).toBeUndefined();
    });
  });

  test('one that is done stays for a while, and is forgotten', async () => {
    await committed(store, (transaction) => transaction.saveSaga('order', 'a', undefined, NOW_MS));
    await committed(store, (transaction) => transaction.saveSaga('order', 'b', '{}', NOW_MS));
    expect(await store.forgetBefore(NOW_MS)).toBe(0);
    await committed(store, async (transaction) => {
      expect(await transaction.lockSaga('order', 'a')).toEqual({ state: undefined });
    });
    expect(await store.forgetBefore(NOW_MS + 1)).toBe(1);
    await committed(store, async (transaction) => {
      expect(await transaction.lockSaga('order', 'a')).toBeUndefined();
      expect(await transaction.lockSaga('order', 'b')).toEqual({ state: '{}' });
    });
  });

  test('messages of one instance take turns, also when it is not there yet', async () => {
    const add = async (message: number): Promise<void> => {
      await committed(store, async (transaction) => {
        const found = await transaction.lockSaga('order', 'a');
        const seen = found?.state === undefined ? [] : (JSON.parse(found.state) as number[]);
        await transaction.saveSaga('order', 'a', JSON.stringify([...seen, message]), NOW_MS);
      });
    };
    const messages = Array.from({ length: 12 }, (_, index) => index);
    await Promise.all(messages.map(add));
    await committed(store, async (transaction) => {
      const { state = '[]' } = (await transaction.lockSaga('order', 'a')) ?? {};
      expect((JSON.parse(state) as number[]).sort((left, right) => left - right)).toEqual(messages);
    });
  });
}

function databaseTests(footing: () => StoreFooting): void {
  let store: Store;
  beforeEach(async () => {
    store = await migratedStore(await footing().newUrl());
    await store.database.run`create table orders (id text primary key, total bigint, note text)`;
  });

  test('statements take values, and tell what they changed', async () => {
    const { database } = store;
    expect(await database.run`insert into orders (id, total) values (${'a'}, ${12})`).toEqual({ changes: 1 });
    expect(await database.run`insert into orders values (${"b'"}, ${null}, ${'"; drop'})`).toEqual({
      changes: 1,
    });
    expect(await database.run`update orders set note = ${'x'}`).toEqual({ changes: 2 });
    expect(await database.get`select * from orders where id = ${"b'"}`).toEqual({
      id: "b'",
      total: null,
      note: 'x',
    });
    expect(await database.get`select * from orders where id = ${'c'}`).toBeUndefined();
    expect(await database.all`select id, total from orders order by id`).toEqual([
      { id: 'a', total: 12 },
      { id: "b'", total: null },
    ]);
    expect(await database.run`delete from orders where id = ${'none'}`).toEqual({ changes: 0 });
  });

  test('whole numbers are numbers while they are exact, and then bigints', async () => {
    const { database } = store;
    await database.run`insert into orders (id, total) values (${'a'}, ${2n ** 53n - 1n}), (${'b'}, ${-(2n ** 62n)})`;
    expect(await database.all`select total from orders order by id`).toEqual([
      { total: Number.MAX_SAFE_INTEGER },
      { total: -(2n ** 62n) },
    ]);
    expect(await database.get`select count(*) as count from orders`).toEqual({ count: 2 });
  });

  test('bytes, fractions and truth are kept', async () => {
    const { database } = store;
    if (footing().kind === 'sqlite') await database.run`create table kept (b blob, f real, t boolean)`;
    else await database.run`create table kept (b bytea, f double precision, t boolean)`;
    await database.run`insert into kept values (${new Uint8Array([0, 200])}, ${1.5}, ${true})`;
    const row = await database.get<{ b: Uint8Array; f: number; t: unknown }>`select * from kept`;
    expect([...(row?.b ?? [])]).toEqual([0, 200]);
    expect(row?.b).toBeInstanceOf(Uint8Array);
    expect(row?.f).toBe(1.5);
    expect(Boolean(row?.t)).toBe(true);
    expect(await database.all`select f from kept where t = ${true}`).toEqual([{ f: 1.5 }]);
    expect((await database.all<{ b: Uint8Array }>`select b from kept`)[0]?.b).toBeInstanceOf(Uint8Array);
  });

  test('what returns rows may write', async () => {
    const { database } = store;
    const insert = async (id: string): Promise<unknown> =>
      database.get`insert into orders (id) values (${id}) returning id`;
    expect(await insert('a')).toEqual({ id: 'a' });
    expect(await insert('b')).toEqual({ id: 'b' });
    expect(await database.all`update orders set total = ${1} returning id`).toHaveLength(2);
    expect(await database.run`delete from orders where id = ${'b'} returning id`).toEqual({ changes: 1 });
    expect(await database.all`select id from orders`).toEqual([{ id: 'a' }]);
    await committed(store, async (transaction) => {
      expect(await transaction.database.get`update orders set total = ${2} returning total`).toEqual({
        total: 2,
      });
      expect(await transaction.database.run`update orders set total = ${3} returning total`).toEqual({
        changes: 1,
      });
      expect(await transaction.database.run`select * from orders`).toEqual({ changes: 0 });
    });
  });

  test('a value that no database knows is refused, with the statement and what is allowed', async () => {
    const run = (value: unknown): Promise<unknown> =>
      store.database.run`insert into orders (id) values (${value as string})`;
    const where = "value 1 of the statement 'insert into orders \\(id\\) values \\(\\?\\)' is ";
    await expect(run(undefined)).rejects.toThrow(
      new RegExp(`${where}undefined \\(pass null\\); allowed are`),
    );
    await expect(run(new Date())).rejects.toThrow(new RegExp(`${where}a Date`));
    await expect(run({ a: 1 })).rejects.toThrow(new RegExp(`${where}an object \\(pass its JSON\\)`));
    await expect(run(Number.NaN)).rejects.toThrow(new RegExp(`${where}not a number`));
    await expect(run(2n ** 63n)).rejects.toThrow(new RegExp(`${where}9223372036854775808, which needs`));
    await expect(run(() => 1)).rejects.toMatchObject({ code: 'STATEMENT_INVALID' });
    expect(await store.database.all`select * from orders`).toEqual([]);
  });

  test('statements that begin or end transactions are refused', async () => {
    const transaction = await store.begin();
    await expect(transaction.database.run`commit`).rejects.toThrow(/'commit' is not for a statement here/);
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'TRANSACTION_FAILED' });
    await transaction.rollback();
    await expect(store.database.run`-- now
      BEGIN`).rejects.toMatchObject({ code: 'STATEMENT_INVALID' });
  });

  test('a statement outside of a message does not see what is not committed', async () => {
    const transaction = await store.begin();
    await transaction.database.run`insert into orders (id) values (${'a'})`;
    const seen = store.database.all`select id from orders`;
    if (footing().isShared) expect(await seen).toEqual([]);
    else expect(await isOpenYet(seen)).toBe(true);
    await transaction.rollback();
    expect(await seen).toEqual([]);
  });

  test('many statements at once are all answered', async () => {
    const ids = Array.from({ length: 200 }, (_, index) => `${index}`);
    await Promise.all(ids.map((id) => store.database.run`insert into orders (id) values (${id})`));
    const found = await Promise.all(
      ids.map((id) => store.database.get<{ id: string }>`select id from orders where id = ${id}`),
    );
    expect(found.map((row) => row?.id)).toEqual(ids);
  });
}

function transactionTests(footing: () => StoreFooting): void {
  let url: string;
  let store: Store;
  beforeEach(async () => {
    url = await footing().newUrl();
    store = await migratedStore(url);
    await store.database.run`create table orders (id text primary key)`;
  });
  const insert = (store: Store, id: string): Promise<void> =>
    committed(store, async ({ database }) => {
      await database.run`insert into orders (id) values (${id})`;
    });
  const ids = async (): Promise<string[]> =>
    (await store.database.all<{ id: string }>`select id from orders order by id`).map(({ id }) => id);

  test('all that a message does is committed, or none of it', async () => {
    const undone = await store.begin();
    await undone.markHandled('m1', 'place', NOW_MS);
    await undone.database.run`insert into orders (id) values (${'a'})`;
    await undone.addOutgoing([outgoing('x')], NOW_MS, 0);
    await undone.saveSaga('order', 'a', '{}', NOW_MS);
    await undone.rollback();
    await insert(store, 'b');
    expect(await ids()).toEqual(['b']);
    expect(await store.findHandled('m1', 'place')).toBeUndefined();
    expect(await claimedIds(store)).toEqual([]);
  });

  test('many at a time are each whole', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        committed(store, async ({ database }) => {
          await database.run`insert into orders (id) values (${`${index}`})`;
          await new Promise((resolve) => setImmediate(resolve));
          if (index % 3 === 0) throw new Error('no');
          await database.run`insert into orders (id) values (${`${index} too`})`;
        }),
      ),
    );
    const kept = outcomes.flatMap(({ status }, index) =>
      status === 'fulfilled' ? [`${index}`, `${index} too`] : [],
    );
    expect(await ids()).toEqual(kept.sort());
    expect(kept).toHaveLength(66);
  });

  test('a statement that fails makes the commit impossible, although the handler goes on', async () => {
    await insert(store, 'a');
    const transaction = await store.begin();
    await transaction.database.run`insert into orders (id) values (${'b'})`;
    await expect(transaction.database.run`insert into orders (id) values (${'a'})`).rejects.toThrow(
      /unique/i,
    );
    await expect(transaction.database.run`insert into orders (id) values (${'d'})`).rejects.toMatchObject({
      code: 'TRANSACTION_FAILED',
      message: expect.stringMatching(/does not run, because one before it .*unique/i),
    });
    await expect(transaction.commit()).rejects.toMatchObject({
      code: 'TRANSACTION_FAILED',
      message: expect.stringMatching(/nothing is committed, because a statement failed before: .*unique/i),
    });
    await transaction.rollback();
    expect(await ids()).toEqual(['a']);
    await insert(store, 'c');
    expect(await ids()).toEqual(['a', 'c']);
  });

  test('a transaction that has ended takes no statement', async () => {
    const ended = await store.begin();
    await ended.rollback();
    await ended.rollback();
    await expect(ended.database.run`insert into orders (id) values (${'a'})`).rejects.toMatchObject({
      code: 'TRANSACTION_ENDED',
    });
    await expect(ended.markHandled('m', 'p', NOW_MS)).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
    await expect(ended.commit()).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
    const done = await store.begin();
    await done.commit();
    await done.rollback();
    await expect(done.database.all`select * from orders`).rejects.toMatchObject({
      code: 'TRANSACTION_ENDED',
    });
  });

  test('statements of one transaction may be asked for at the same time', async () => {
    await committed(store, async ({ database }) => {
      const all = ['a', 'b', 'c', 'd'].map((id) => database.run`insert into orders (id) values (${id})`);
      expect(await Promise.all(all)).toEqual(Array(4).fill({ changes: 1 }));
    });
    expect(await ids()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a store that is closed says so', async () => {
    await store.close();
    await store.close();
    await expect(store.begin()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' });
    await expect(store.database.run`select 1`).rejects.toThrow(/the database of service 'orders' is closed/);
  });

  test('what is under way is committed before it closes', async () => {
    if (!footing().isShared) return;
    const done = insert(store, 'a');
    await done;
    await store.close();
    store = await openedStore(url);
    expect(await ids()).toEqual(['a']);
  });

  test('two stores of one database see and exclude each other', async () => {
    if (!footing().isShared) return;
    const other = await openedStore(url);
    await insert(other, 'a');
    await insert(store, 'b');
    expect(await ids()).toEqual(['a', 'b']);
    const outcomes = await Promise.all(
      [store, other].map(async (each) => {
        const transaction = await each.begin();
        const isNew = await transaction.markHandled('m1', 'place', NOW_MS);
        if (isNew) await transaction.commit();
        else await transaction.rollback();
        return isNew;
      }),
    );
    expect(outcomes.sort()).toEqual([false, true]);
  });
}
