import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { driverMissing } from './driver-missing.ts';
import { openStore } from './open-store.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leveret-open-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a URL of another kind is refused without its password, and the kinds are named', async () => {
  const opened = openStore('mysql://root:secret@db/orders', { name: 'orders' });
  await expect(opened).rejects.toMatchObject({
    code: 'DATABASE_URL_INVALID',
    message:
      "the database URL of service 'orders' begins with 'mysql:'; give it 'file:./orders.db' for SQLite, or 'postgres://user:password@host:5432/orders' for PostgreSQL",
  });
  await expect(openStore('orders.db', { name: 'orders' })).rejects.toThrow(/begins with no scheme/);
});

test('a file that is no database is named', async () => {
  const path = join(folder, 'note.txt');
  await writeFile(path, 'this is a text, and not a database of SQLite at all '.repeat(100));
  await expect(openStore(`file:${path}`, { name: 'orders' })).rejects.toMatchObject({
    code: 'DATABASE_URL_INVALID',
    message: expect.stringContaining(`${path} cannot be opened as a database of SQLite`),
  });
  await expect(openStore(`file:${folder}`, { name: 'orders' })).rejects.toMatchObject({
    code: 'DATABASE_URL_INVALID',
  });
});

test.each([
  ['file://orders.db', 'a name where a host stands'],
  ['file:/dev/null/orders.db', 'a folder that cannot be made'],
])('%s is refused, which has %s', async (url) => {
  await expect(openStore(url, { name: 'orders' })).rejects.toMatchObject({
    code: 'DATABASE_URL_INVALID',
    message: expect.stringMatching(
      /orders\.db cannot be opened .*: .+; give the service a file that it may write/,
    ),
  });
});

test('all names of a file lead to the same database, whose folder is made', async () => {
  const path = join(folder, 'data', 'deep', 'orders.db');
  const first = await openStore(`file:${path}`, { name: 'orders' });
  await symlink(join(folder, 'data'), join(folder, 'link'));
  const second = await openStore(pathToFileURL(join(folder, 'link', 'deep', 'orders.db')).href, {
    name: 'orders',
  });
  await first.migrate(undefined);
  // The turn is the same: were these two writers, the second would find the file locked.
  const transaction = await first.begin();
  const other = second.begin();
  await transaction.rollback();
  await (await other).rollback();
  await first.close();
  expect(await second.nextDueMs()).toBeUndefined();
  await second.close();
});

test('whoever lacks the driver is told what to install', () => {
  expect(driverMissing('orders', 'SQLite', 'libsql', undefined)).toMatchObject({
    code: 'DATABASE_DRIVER_MISSING',
    message:
      "service 'orders' keeps its data in SQLite, which needs the package 'libsql': npm install libsql",
  });
});
