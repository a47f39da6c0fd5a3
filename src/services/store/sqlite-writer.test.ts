import { beforeEach, expect, test } from 'vitest';
import type { SqliteConnection, SqliteStatement } from './sqlite-driver.ts';
import { SqliteWriter } from './sqlite-writer.ts';

/** Notes what it is asked for. A commit ends when the test says so. */
class FakeConnection implements SqliteConnection {
  readonly asked: string[] = [];
  inTransaction = false;
  /** Statements that fail, and with what. */
  readonly failing = new Map<string, Error>();
  #commits: PromiseWithResolvers[] = [];

  prepare(text: string): SqliteStatement {
    const run = (): { changes: number } => {
      this.exec(text);
      return { changes: 0 };
    };
    return { reader: false, run, get: () => undefined, all: () => [], columns: () => [] };
  }

  exec(text: string): void {
    this.asked.push(text);
    const error = this.failing.get(text);
    if (error !== undefined) throw error;
    if (text === 'begin immediate') this.inTransaction = true;
    if (text === 'rollback') this.inTransaction = false;
  }

  commit(): Promise<void> {
    this.asked.push('commit');
    return new Promise((resolve, reject) => this.#commits.push({ resolve, reject }));
  }

  close(): void {}

  /** Ends the commit that is under way, once there is one. */
  async endCommit(error?: Error): Promise<void> {
    while (this.#commits.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const commit = this.#commits.shift();
    if (error === undefined) {
      this.inTransaction = false;
      commit?.resolve();
    } else {
      commit?.reject(error);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** What was asked for since the last time. */
  taken(): string[] {
    return this.asked.splice(0);
  }
}

interface PromiseWithResolvers {
  resolve(): void;
  reject(error: Error): void;
}

const UNDO = 'rollback to message; release message';
let connection: FakeConnection;
let writer: SqliteWriter;

beforeEach(() => {
  connection = new FakeConnection();
  writer = new SqliteWriter(connection, '/data/orders.db');
});

async function released(): Promise<void> {
  await writer.begin();
  await writer.release();
}

test('transactions that begin at the same time are committed together', async () => {
  const all = Promise.all([released(), released(), released()]);
  await connection.endCommit();
  await all;
  const one = ['savepoint message', 'release message'];
  expect(connection.taken()).toEqual(['begin immediate', ...one, ...one, ...one, 'commit']);
});

test('what begins while the disk syncs is the next group', async () => {
  const first = released();
  while (!connection.asked.includes('commit')) await new Promise((resolve) => setImmediate(resolve));
  const others = Promise.all([released(), released()]);
  expect(connection.taken()).toEqual(['begin immediate', 'savepoint message', 'release message', 'commit']);
  await connection.endCommit();
  await first;
  await connection.endCommit();
  await others;
  const one = ['savepoint message', 'release message'];
  expect(connection.taken()).toEqual(['begin immediate', ...one, ...one, 'commit']);
});

test('one that is undone leaves the others as they are', async () => {
  const first = released();
  await writer.begin();
  writer.undo();
  const third = released();
  await connection.endCommit();
  await Promise.all([first, third]);
  expect(connection.taken()).toEqual([
    'begin immediate',
    ...['savepoint message', 'release message'],
    ...['savepoint message', UNDO],
    ...['savepoint message', 'release message', 'commit'],
  ]);
});

test('a group has a bound', async () => {
  let committed = 0;
  const all = Array.from({ length: 300 }, () =>
    released().then(() => {
      committed += 1;
    }),
  );
  await connection.endCommit();
  expect(committed).toBe(256);
  await connection.endCommit();
  await Promise.all(all);
  expect(committed).toBe(300);
});

test('a commit that fails fails all of its group, and is rolled back', async () => {
  const outcomes = Promise.allSettled([released(), released()]);
  await connection.endCommit(new Error('FOREIGN KEY constraint failed'));
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(connection.taken().slice(-2)).toEqual(['commit', 'rollback']);
});

test('after a commit that failed twice as many are committed alone, and then again together', async () => {
  const failing = Promise.allSettled([released(), released()]);
  await connection.endCommit(new Error('no'));
  await failing;
  connection.taken();
  const all = Promise.all(Array.from({ length: 7 }, released));
  for (let commit = 0; commit < 5; commit++) await connection.endCommit();
  await all;
  const sizes = connection
    .taken()
    .join(',')
    .split('commit')
    .map((group) => group.split('release').length - 1);
  expect(sizes).toEqual([1, 1, 1, 1, 3, 0]);
});

test('when SQLite has rolled back everything itself, all of the group fail', async () => {
  const first = released();
  first.catch(() => undefined);
  await writer.begin();
  connection.failing.set(UNDO, new Error('no such savepoint: message'));
  connection.inTransaction = false;
  writer.undo();
  await expect(first).rejects.toThrow('no such savepoint');
  expect(connection.taken().includes('rollback')).toBe(false);
  const next = released();
  await connection.endCommit();
  await next;
});

test('a savepoint that cannot be opened is not taken for one', async () => {
  connection.failing.set('savepoint message', new Error('disk I/O error'));
  await expect(writer.begin()).rejects.toThrow('disk I/O error');
  connection.failing.clear();
  const next = released();
  await connection.endCommit();
  await next;
  expect(() => writer.undo()).toThrow('no transaction is open in /data/orders.db');
});

test('while another process writes it is asked again, without a wait that stops the process', async () => {
  connection.failing.set(
    'begin immediate',
    Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' }),
  );
  const begun = writer.begin();
  while (connection.asked.length < 3) await new Promise((resolve) => setImmediate(resolve));
  connection.failing.clear();
  await begun;
  expect(new Set(connection.taken())).toEqual(new Set(['begin immediate', 'savepoint message']));
});

test('what a group wrote counts as not durable until the commit has ended', async () => {
  await writer.begin();
  writer.mark('place m1');
  const done = writer.release();
  expect(writer.isUncommitted('place m1')).toBe(true);
  expect(writer.isUncommitted('place m2')).toBe(false);
  await connection.endCommit();
  await done;
  expect(writer.isUncommitted('place m1')).toBe(false);
});

test('whoever finds what is not durable waits for the commit, and fails with it', async () => {
  const first = released();
  first.catch(() => undefined);
  await writer.begin();
  const waiting = writer.undoAndCommit();
  const outcome = Promise.allSettled([first, waiting]);
  await connection.endCommit(new Error('disk full'));
  expect((await outcome).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('it is idle when all is committed', async () => {
  const first = released();
  let isIdle = false;
  const idle = writer.idle().then(() => {
    isIdle = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isIdle).toBe(false);
  await connection.endCommit();
  await first;
  await idle;
});

test('it is idle also when nothing can begin any more', async () => {
  const first = released();
  while (!connection.asked.includes('commit')) await new Promise((resolve) => setImmediate(resolve));
  const idle = writer.idle();
  connection.failing.set('begin immediate', new Error('disk I/O error'));
  await connection.endCommit();
  await first;
  await idle;
});

test('a transaction of SQLite that could not be rolled back is rolled back before the next one begins', async () => {
  const failing = Promise.allSettled([released()]);
  connection.failing.set('rollback', new Error('disk I/O error'));
  await connection.endCommit(new Error('disk I/O error'));
  await failing;
  connection.failing.clear();
  connection.taken();
  await writer.begin();
  expect(connection.taken()).toEqual(['rollback', 'begin immediate', 'savepoint message']);
});
