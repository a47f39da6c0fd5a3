import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { isTrueAt, listAt, numberAt, textAt } from './api/json-fields.ts';

/** What came of a hand-over. */
export interface HandOverResult {
  readonly from: string;
  readonly to: string;
  /** Of the new owner. */
  readonly epoch: number;
  /** From when the old owner let go until the new one served, as seen from here. */
  readonly unservedMs: number;
}

/** How often it is looked whether the new owner serves. */
const LOOK_MS = 20;
/** The old owner closes its connections, also this one; some answers are of nobody in between. */
const PASSING: ReadonlySet<string> = new Set(['UNREACHABLE', 'UNAVAILABLE', 'BROKER_FAILED', 'TIMED_OUT']);

/**
 * Makes the owner give the log to node `to`, or to any, and waits until that serves.
 *
 * @throws ApiFailure when it is refused, when another node has got the log, and when nobody serves within the time that an answer has.
 */
export async function handOver(api: ApiClient, to: string | undefined): Promise<HandOverResult> {
  const before = await api.get('/v1/cluster');
  const { isRefusing } = await readMode(api, textAt(before, 'node'));
  const body = to === undefined ? {} : { to };
  const answer = (await api.ask({ method: 'POST', path: '/v1/cluster/handover', body })).json;
  const startMs = performance.now();
  const [from, successor] = [textAt(answer, 'from') ?? '', textAt(answer, 'to') ?? ''];
  const state = await nextOwner(api, { epoch: numberAt(before, 'epoch') ?? 0, isRefusing, successor });
  const owner = textAt(state, 'owner') ?? '';
  if (owner !== successor) throw otherOwner(owner, successor);
  const unservedMs = Math.round(performance.now() - startMs);
  return { from, to: owner, epoch: numberAt(state, 'epoch') ?? 0, unservedMs };
}

/** A node that sends clients away serves none when it has given the log away: it can only say who has it. */
async function readMode(api: ApiClient, name: string | undefined): Promise<{ readonly isRefusing: boolean }> {
  const nodes = listAt(await api.get('/v1/cluster/nodes'), 'nodes');
  const own = nodes.find((node) => textAt(node, 'name') === name);
  return { isRefusing: textAt(own, 'standby_mode') === 'refuse' };
}

interface Expected {
  /** Of the old owner: that of a new one is higher. */
  readonly epoch: number;
  readonly isRefusing: boolean;
  readonly successor: string;
}

/** What the node says once somebody has the log and serves. */
async function nextOwner(api: ApiClient, { epoch, isRefusing, successor }: Expected): Promise<unknown> {
  const endMs = performance.now() + api.target.timeoutMs;
  for (;;) {
    const state = await look(api);
    const isNew = (numberAt(state, 'epoch') ?? 0) > epoch;
    if (isNew && (isTrueAt(state, 'serves_clients') || isRefusing)) return state;
    if (performance.now() > endMs) throw notServing(api, successor);
    await pause(LOOK_MS);
  }
}

async function look(api: ApiClient): Promise<unknown> {
  try {
    return await api.get('/v1/cluster');
  } catch (error) {
    if (error instanceof ApiFailure && PASSING.has(error.code)) return undefined;
    throw error;
  }
}

function notServing(api: ApiClient, successor: string): ApiFailure {
  const text = `node '${successor}' does not serve clients ${api.target.timeoutMs / 1000} s after it was given the log`;
  return new ApiFailure(
    'TIMED_OUT',
    `${text}; leveret cluster status says who does, and the log of the node why not`,
  );
}

function otherOwner(owner: string, successor: string): ApiFailure {
  const text = `node '${owner}' owns the log now, and not '${successor}', which did not take it in time`;
  return new ApiFailure('REFUSED', `${text}; look into its log, and ask again`);
}
