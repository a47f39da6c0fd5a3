import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/services/store/store.ts';
import { type PostgresServer, startPostgres } from '../../servers/postgres.ts';
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

/** What only PostgreSQL has: connections that are lost, transactions that run side by side. */
export function postgresSuite(): void {
  describe('a store in PostgreSQL alone', () => {
    let server: PostgresServer;
    let url: string;
    let store: Store;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server.close());
    beforeEach(async () => {
      url = await server.createDatabase();
      store = await migratedStore(url);
      await store.database.run`create table orders (id text primary key)`;
    });
    const ids = async (): Promise<unknown[]> =>
      (await store.database.all<{ id: string }>`select id from orders order by id`).map(({ id }) => id);

    test('a transaction whose connection is lost fails, and none of its statements runs on another', async () => {
      const transaction = await store.begin();
      await transaction.database.run`insert into orders (id) values (${'a'})`;
      const row = await transaction.database.get<{ pid: number }>`select pg_backend_pid() as pid`;
      await store.database.get`select pg_terminate_backend(${row?.pid ?? 0})`;
      await expect(transaction.database.run`insert into orders (id) values (${'b'})`).rejects.toThrow();
      await expect(transaction.database.run`insert into orders (id) values (${'c'})`).rejects.toThrow();
      await expect(transaction.commit()).rejects.toMatchObject({ code: 'TRANSACTION_FAILED' });
      await transaction.rollback();
      await committed(store, ({ database }) => database.run`insert into orders (id) values (${'d'})`);
      expect(await ids()).toEqual(['d']);
    });

    test('a connection that is lost between two statements is noticed', async () => {
      const transaction = await store.begin();
      const row = await transaction.database.get<{ pid: number }>`select pg_backend_pid() as pid`;
      await store.database.get`select pg_terminate_backend(${row?.pid ?? 0})`;
      let failure: unknown;
      while (failure === undefined) {
        const alive = await store.database.get`select 1 from pg_stat_activity where pid = ${row?.pid ?? 0}`;
        if (alive !== undefined) continue;
        await new Promise((resolve) => setImmediate(resolve));
        failure = await transaction.commit().then(
          () => 'committed',
          (error: Error) => error,
        );
      }
      expect(failure).toBeInstanceOf(Error);
    });

    test('the server may be killed and started again', async () => {
      await committed(store, (transaction) => transaction.markHandled('m1', 'place', NOW_MS));
      const transaction = await store.begin();
      await transaction.markHandled('m2', 'place', NOW_MS);
      await server.restart();
      await expect(transaction.commit()).rejects.toThrow();
      await transaction.rollback();
      await expect
        .poll(() => store.begin().then((each) => each.rollback().then(() => true)), {
          timeout: 10_000,
        })
        .toBe(true);
      expect(await store.findHandled('m1', 'place')).toEqual({ reply: undefined });
      expect(await store.findHandled('m2', 'place')).toBeUndefined();
    });

    test('a rollback does not wait for a statement that takes long', async () => {
      const transaction = await store.begin();
      const sleeping = transaction.database.get`select pg_sleep(100)`;
      const next = transaction.database.get`select 1`;
      const outcome = Promise.allSettled([sleeping, next]);
      await expect
        .poll(
          () =>
            store.database
              .get`select 1 as n from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()`,
        )
        .toEqual({ n: 1 });
      await transaction.rollback();
      const [slept, skipped] = await outcome;
      expect(slept).toMatchObject({ status: 'rejected', reason: { code: '57014' } });
      expect(skipped).toMatchObject({ status: 'rejected', reason: { code: 'TRANSACTION_ENDED' } });
      await committed(store, ({ database }) => database.run`insert into orders (id) values (${'a'})`);
      expect(await ids()).toEqual(['a']);
    });

    test('a message waits for transactions that began before its own, unless it is late or a timer', async () => {
      const older = await store.begin();
      await older.addOutgoing([outgoing('first')], NOW_MS, 0);
      await write(store, outgoing('second'), outgoing('t', { timer: 'pay' }));
      await write(store, outgoing('late', { dueMs: NOW_MS - 5_000 }));
      expect(await claimedIds(store)).toEqual(['late', 't']);
      expect(await store.nextDueMs()).toBeUndefined();
      await older.commit();
      expect(await store.nextDueMs()).toBe(NOW_MS);
      expect(await claimedIds(store)).toEqual(['first', 'second']);
    });

    test('a message that somebody takes at the moment is passed over', async () => {
      await write(store, outgoing('a'), outgoing('b'));
      await committed(store, async ({ database }) => {
        await database.get`select id from leveret_outbox where id = ${'a'} for update`;
        expect(await claimedIds(store)).toEqual(['b']);
      });
      expect(await claimedIds(store)).toEqual(['a']);
    });

    test('two services share a database in schemas of their own', async () => {
      const shared = await server.createDatabase();
      const orders = await openedStore(`${shared}?search_path=orders`, 'orders');
      const payments = await openedStore(`${shared}?search_path=payments`, 'payments');
      await Promise.all([orders.migrate(undefined), payments.migrate(undefined)]);
      await committed(orders, (transaction) => transaction.markHandled('m1', 'place', NOW_MS));
      expect(await payments.findHandled('m1', 'place')).toBeUndefined();
      const third = await openedStore(`${shared}?search_path=orders`, 'shipping');
      await expect(third.migrate(undefined)).rejects.toThrow(
        /give it another database, or a schema with \?search_path=shipping/,
      );
    });

    test('more transactions than connections take turns, and reading waits for none of them', async () => {
      const narrow = await openedStore(`${url}?max=2`);
      const [first, second] = [await narrow.begin(), await narrow.begin()];
      const third = narrow.begin();
      expect(await isOpenYet(third)).toBe(true);
      expect(await narrow.findHandled('m1', 'place')).toBeUndefined();
      await first.commit();
      await (await third).rollback();
      await second.rollback();
    });

    test('closing does not wait for transactions that never end', async () => {
      const other = await openedStore(`${url}?max=1`);
      const endless = await other.begin();
      const waiting = other.begin();
      const refused = expect(waiting).rejects.toMatchObject({ code: 'DATABASE_CLOSED' });
      await other.close();
      await refused;
      await expect(endless.commit()).rejects.toThrow();
    });

    test('truth may be a number, and JSON is a text', async () => {
      await store.database.run`create table kept (t boolean, j jsonb)`;
      await store.database
        .run`insert into kept values (${1}, ${'{"a":[1]}'}), (${0}, ${null}), (${'true'}, ${'"x"'})`;
      expect(await store.database.all`select * from kept`).toEqual([
        { t: true, j: { a: [1] } },
        { t: false, j: null },
        { t: true, j: 'x' },
      ]);
    });

    test('a server that cannot be reached is an error, without the password', async () => {
      const nowhere = await openedStore('postgres://postgres:secret@127.0.0.1:1/orders');
      const failure = await nowhere.begin().then(
        () => undefined,
        (error: Error) => error,
      );
      expect(String(failure)).toMatch(/ECONNREFUSED/);
      expect(String(failure)).not.toMatch(/secret/);
      await expect(nowhere.findHandled('m', 'p')).rejects.toThrow(/ECONNREFUSED/);
    });
  });
}
