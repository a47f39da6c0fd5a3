/** The service of load-step.ts: it takes messages of known cost, and tells the process that started it how long they waited. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type Event, event, service, type Unit } from '../../src/services/services.ts';

export const HANDLER_MS = 5;
export const CONCURRENCY = 4;
const TELL_MS = 250;

interface Work {
  readonly sentAtMs: number;
}

export const work: Event<Work> = event('bench.work', z.object({ sentAtMs: z.number() }));

/** What an instance tells: the longest time that a message waited lately. */
export interface Waited {
  readonly type: 'waited';
  readonly longestMs: number;
}

let longestMs = 0;
const worker = service('bench-worker');
const handle = worker.on(
  work,
  async ({ sentAtMs }) => {
    longestMs = Math.max(longestMs, Date.now() - sentAtMs);
    await pause(HANDLER_MS);
  },
  { concurrency: CONCURRENCY },
);

export const workerUnit: Unit = worker.with(handle);

setInterval(() => {
  if (longestMs > 0 && process.connected) process.send?.({ type: 'waited', longestMs } satisfies Waited);
  longestMs = 0;
}, TELL_MS).unref();
