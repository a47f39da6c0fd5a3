import { describe, expect, test } from 'vitest';
import { textWidth } from './terminal/text-width.ts';
import { topFrame } from './top-frame.ts';
import type { TopQueue, TopSample } from './top-sample.ts';

const SAMPLE: TopSample = {
  title: 'Leveret 0.1.0',
  uptimeSeconds: 11_040,
  ready: 1200,
  unacked: 34,
  inRate: 120,
  outRate: 118,
  ackRate: 118,
  connections: 3,
  queueCount: 2,
  memoryUsedBytes: 2 ** 27,
  memoryLimitBytes: 2 ** 33,
  diskFreeBytes: 2 ** 35,
  hasAlarm: false,
  flow: {
    state: 'steady',
    oldestSeconds: undefined,
    delaySeconds: 10.4,
    drainSeconds: undefined,
    p99Seconds: 1,
  },
  queues: [queue('orders', 1100, 'stalled'), queue('mail', 100, 'steady')],
};

function queue(name: string, ready: number, state: string): TopQueue {
  const isStalled = state === 'stalled';
  return {
    vhost: isStalled ? '/' : 'shop',
    name,
    ready,
    unacked: 17,
    consumers: 2,
    inRate: 60,
    outRate: isStalled ? 0 : 59,
    inRates: [10, 20, 60],
    flow: {
      state,
      oldestSeconds: 95,
      delaySeconds: isStalled ? undefined : 1.9,
      drainSeconds: undefined,
      p99Seconds: isStalled ? undefined : 0.22,
    },
  };
}

const VIEW = {
  order: 'delay',
  shownUrl: 'http://127.0.0.1:15672',
  width: undefined,
  hasColors: false,
} as const;

describe('a frame', () => {
  test('shows the broker and its queues, and by which column they are sorted', () => {
    expect(topFrame(SAMPLE, { ...VIEW, keys: 'q quit' })).toEqual([
      'Leveret 0.1.0 at http://127.0.0.1:15672, up 3h 4m',
      '1 200 ready, 34 unacked; 120/s in, 118/s out, 118/s acked, steady, delay 10 s',
      '2 queues, 3 connections, memory 128 MiB of 8.00 GiB, disk 32.0 GiB free',
      '',
      'queue        state    ready  unacked    in   out  delay ▾    99 %  oldest  empty in  consumers  in, last minute',
      'orders       stalled  1 100       17  60/s   0/s        ∞          1m 35s                    2  ▂▃█',
      'mail (shop)  steady     100       17  60/s  59/s    1.9 s  220 ms  1m 35s                    2  ▂▃█',
      '',
      'q quit',
    ]);
  });

  test.each([40, 60, 80, 100])('fits %i columns', (width) => {
    const long = { ...SAMPLE, queues: [queue('a-name-'.repeat(12), 5, 'growing')] };
    for (const line of topFrame(long, { ...VIEW, width })) expect(textWidth(line)).toBeLessThanOrEqual(width);
  });

  test('says an alarm, and rather than that why it has nothing new to show', () => {
    expect(topFrame({ ...SAMPLE, hasAlarm: true }, VIEW)[3]).toMatch(/^ALARM/);
    expect(topFrame({ ...SAMPLE, hasAlarm: true }, { ...VIEW, trouble: 'UNREACHABLE: gone' })[3]).toBe(
      'UNREACHABLE: gone',
    );
  });
});
