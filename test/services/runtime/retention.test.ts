import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Retention } from '../../../src/services/runtime/retention.ts';
import type { ServiceEvent } from '../../../src/services/runtime/service-event.ts';
import { service } from '../../../src/services/services.ts';
import { testServices } from '../../../src/testing/test-services.ts';
import { ManualTime, settled } from '../ordered/manual-time.ts';
import { paid } from './services-in-test.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

it('removes what is older than so many days when it starts, and once an hour', async () => {
  const time = new ManualTime();
  const removed: number[] = [];
  const retention = new Retention({
    service: 'orders',
    days: 7,
    kept: [{ name: 'handled messages', removeBefore: async (timeMs) => removed.push(timeMs) }],
    environment: time.environment(),
    onEvent: () => {},
  });
  const beganMs = time.nowMs;
  retention.start();
  await settled();
  await time.advance(HOUR_MS * 1.5);
  expect(removed).toEqual([beganMs - WEEK_MS, beganMs + HOUR_MS - WEEK_MS]);
  retention.stop();
  await time.advance(HOUR_MS * 3);
  expect(removed).toHaveLength(2);
  expect(time.workCount).toBe(0);
});

it('tells what could not be removed, goes on with the rest, and tries again', async () => {
  const time = new ManualTime();
  const events: ServiceEvent[] = [];
  let count = 0;
  const retention = new Retention({
    service: 'orders',
    days: 7,
    kept: [
      { name: 'handled messages', removeBefore: () => Promise.reject(new Error('disk full')) },
      { name: 'large payloads', removeBefore: async () => ++count },
    ],
    environment: time.environment(),
    onEvent: (event) => events.push(event),
  });
  retention.start();
  await settled();
  expect(events).toMatchObject([
    { type: 'trouble', text: expect.stringContaining('handled messages older than 7 days') },
  ]);
  await time.advance(HOUR_MS);
  expect([events.length, count]).toEqual([2, 2]);
  retention.stop();
});

it('removes old payloads of a service without a database, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leveret-retention-'));
  const payload = (name: string, time: Date): string => {
    const path = join(folder, 'worker', `${'a'.repeat(64)}.${name.repeat(16)}`);
    writeFileSync(path, 'payload');
    utimesSync(path, time, time);
    return path;
  };
  mkdirSync(join(folder, 'worker'));
  const old = payload('1', new Date('2025-12-01'));
  const recent = payload('2', new Date('2025-12-31'));
  const worker = service('worker', { claimCheck: { folder, aboveBytes: 10 } });
  try {
    await testServices([worker.with(worker.on(paid, () => {}))], {}, async (t) => {
      await t.settled();
      expect([existsSync(old), existsSync(recent)]).toEqual([false, true]);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
