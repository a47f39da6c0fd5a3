import { type ApiClient, segment } from './api-client.ts';
import { ApiFailure } from './api-failure.ts';
import { listAt, numberAt, textAt } from './json-fields.ts';

/** Queue maths of the last minute, as docs/queue-maths.md defines them. What means nothing is undefined. */
export interface FlowSample {
  readonly state: string;
  /** Age of the oldest ready message. */
  readonly oldestSeconds: number | undefined;
  readonly delaySeconds: number | undefined;
  readonly drainSeconds: number | undefined;
  readonly p99Seconds: number | undefined;
}

/** The shortest window: what is happening now. */
const WINDOW_SECONDS = 60;
const ABSENT: ReadonlySet<string> = new Set(['NOT_SUPPORTED', 'NOT_FOUND', 'NOT_PERMITTED']);

/** Of all queues together; undefined when the broker has no queue maths. */
export function readBrokerFlow(api: ApiClient): Promise<FlowSample | undefined> {
  return readFlow(api, '/v1/flow');
}

/** Undefined, too, when the queue has gone meanwhile. */
export function readQueueFlow(api: ApiClient, vhost: string, queue: string): Promise<FlowSample | undefined> {
  return readFlow(api, `/v1/queues/${segment(vhost)}/${segment(queue)}/flow`);
}

async function readFlow(api: ApiClient, path: string): Promise<FlowSample | undefined> {
  const answer = await orUndefined(api.get(path));
  const window = listAt(answer, 'windows').find(
    (each) => numberAt(each, 'window_seconds') === WINDOW_SECONDS,
  );
  if (window === undefined) return undefined;
  return {
    state: textAt(window, 'state') ?? '',
    oldestSeconds: secondsAt(answer, 'oldest_ready_age_ms'),
    delaySeconds: secondsAt(window, 'delay_ms'),
    drainSeconds: secondsAt(window, 'drain_ms'),
    p99Seconds: secondsAt(window, 'measured.p99_ms'),
  };
}

/** What `path` says in milliseconds. */
export function secondsAt(value: unknown, path: string): number | undefined {
  const ms = numberAt(value, path);
  return ms === undefined ? undefined : ms / 1000;
}

/** For what only some brokers have, or only some users may see. */
export async function orUndefined(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiFailure && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}
