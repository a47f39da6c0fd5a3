import {
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ClaimCheck } from '../../../src/services/claim-check/claim-check.ts';
import { openClaimCheck } from '../../../src/services/claim-check/folder-claim-check.ts';

const BODY = new TextEncoder().encode('a payload that is longer than ten bytes');
const HASH = 'a'.repeat(64);
let folder: string;
let orders: ClaimCheck;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leveret-claims-'));
  orders = await openClaimCheck('orders', { folder, aboveBytes: 10 });
});

afterEach(() => rmSync(folder, { recursive: true }));

async function stored(): Promise<string> {
  return (await orders.store(BODY)) as string;
}

it('puts away what is above the size, and only that', async () => {
  expect(await orders.store(BODY.subarray(0, 10))).toBeUndefined();
  expect(readdirSync(join(folder, 'orders'))).toEqual([]);
  const name = await stored();
  expect(name).toMatch(/^orders\/[0-9a-f]{64}\.[0-9a-f]{16}$/);
  expect(readdirSync(join(folder, 'orders'))).toEqual([name.slice('orders/'.length)]);
});

it('gives it to every service that sees the folder', async () => {
  const mails = await openClaimCheck('mails', { folder, aboveBytes: 0 });
  expect(new Uint8Array(await mails.load(await stored()))).toEqual(BODY);
});

it('keeps the same bytes of two messages apart', async () => {
  const names = [await stored(), await stored()];
  expect(new Set(names).size).toBe(2);
  rmSync(join(folder, names[0] as string));
  expect(new Uint8Array(await orders.load(names[1] as string))).toEqual(BODY);
});

it.each([
  '',
  '/etc/passwd',
  '../secret',
  `../${HASH}.${'b'.repeat(16)}`,
  `orders/../../${HASH}.${'b'.repeat(16)}`,
  `orders\\${HASH}.${'b'.repeat(16)}`,
  `orders/${HASH}.${'b'.repeat(16)}\n`,
  `orders/${HASH}.${'b'.repeat(16)}.new`,
  `orders/${HASH}`,
  'x'.repeat(100_000),
])('reads no file that a stranger names', async (name) => {
  const refused = orders.load(name).catch((error: Error) => error);
  expect(await refused).toBeInstanceOf(TypeError);
  expect(((await refused) as Error).message.length).toBeLessThan(300);
});

it('says which file is not there, and what to look at', async () => {
  const name = await stored();
  rmSync(join(folder, name));
  const path = join(folder, name);
  await expect(orders.load(name)).rejects.toThrow(`${path} cannot be read (ENOENT): see that this service`);
});

it('does not give a file that is not complete, or another one', async () => {
  const name = await stored();
  truncateSync(join(folder, name), 5);
  await expect(orders.load(name)).rejects.toThrow(/has 5 bytes that are not those that were sent/);
});

it('removes what is older, also what was never finished, and nothing else', async () => {
  const [old, young] = [await stored(), await stored()];
  const unfinished = join(folder, 'orders', `${HASH}.${'b'.repeat(16)}.new`);
  const foreign = join(folder, 'orders', 'README');
  for (const path of [unfinished, foreign]) writeFileSync(path, '');
  for (const path of [join(folder, old), unfinished, foreign]) utimesSync(path, 1_000, 1_000);
  expect(await orders.removeBefore(2_000_000)).toBe(2);
  expect(existsSync(join(folder, old))).toBe(false);
  expect(existsSync(foreign)).toBe(true);
  expect(new Uint8Array(await orders.load(young))).toEqual(BODY);
  expect(await orders.removeBefore(2_000_000)).toBe(0);
});

it('removes only what its own service sent', async () => {
  const name = await stored();
  const mails = await openClaimCheck('mails', { folder, aboveBytes: 0 });
  expect(await mails.removeBefore(Number.MAX_SAFE_INTEGER)).toBe(0);
  expect(existsSync(join(folder, name))).toBe(true);
});

it('says what is wrong with its folder', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const opened = openClaimCheck('orders', { folder: file, aboveBytes: 1 });
  await expect(opened).rejects.toThrow(
    `the folder ${join(file, 'orders')} cannot be made (ENOTDIR): make it`,
  );
  rmSync(join(folder, 'orders'), { recursive: true });
  await expect(stored()).rejects.toThrow(/cannot be written \(ENOENT\): see that the disk has room/);
});

it('refuses a size that is none', async () => {
  const opened = openClaimCheck('orders', { folder, aboveBytes: Number.NaN });
  await expect(opened).rejects.toThrow('found NaN; allowed: a number of bytes');
});
