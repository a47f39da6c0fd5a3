/** Live updates for whoever looks at a page: reads of this API, asked again and again, as server-sent events. */
import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deadline } from '../../core/deadlines.ts';
import type { Runtime } from '../../core/runtime.ts';
import { callerOf } from '../caller.ts';
import { askInside, type InnerAnswer } from '../inner-request.ts';
import type { ManagementContext } from '../management-context.ts';
import { EventStream } from './event-stream.ts';
import { Problem } from './problem.ts';
import { RequestInput } from './request-input.ts';
import { WATCH_SCHEMA } from './watch-schema.ts';

const INTERVAL_MS = { min: 500, max: 60_000 };
const INTERVAL_MS_DEFAULT = 1000;
/**
 * Of the time that an answer takes, until it is asked for again, so that a watch takes less than a hundredth of a processor: what
 * comes with it (garbage, the socket, code that is too rare to be optimised) is more than as much again. Measured, 2.3 in all.
 */
const REST_TIMES = 250;
const WATCHES_MAX = 256;
/** Of one user, who may have many pages open. */
const WATCHES_PER_USER_MAX = 32;
const RETRY_AFTER_SECONDS = 10;
const FIELDS: ReadonlySet<string> = new Set(['path', 'interval']);

type DefectListener = (error: Error, what: string) => void;

export function watchRoutes(
  app: FastifyInstance,
  { broker }: ManagementContext,
  onDefect: DefectListener,
): void {
  const open = new OpenWatches();
  // Whoever watches would keep it from stopping.
  app.addHook('preClose', (done) => {
    open.endAll();
    done();
  });
  const options = { schema: WATCH_SCHEMA, exposeHeadRoute: false, config: { isWatchable: false } };
  app.get('/watch', options, (request, reply) => {
    const { paths, intervalMs } = questionOf(request);
    const { username } = callerOf(request).identity;
    open.requireRoom(username);
    const watch = new Watch(broker.runtime, request, paths, intervalMs, onDefect);
    open.add(watch, username);
    watch.begin(reply, () => open.remove(watch, username));
    return reply;
  });
}

function questionOf({ query }: FastifyRequest): { paths: ReadonlySet<string>; intervalMs: number } {
  const input = new RequestInput('query', query, FIELDS);
  return {
    paths: new Set(input.raw('path') as string[]),
    intervalMs: input.duration('interval', INTERVAL_MS) ?? INTERVAL_MS_DEFAULT,
  };
}

class OpenWatches {
  readonly #watches = new Set<Watch>();
  readonly #countOfUser = new Map<string, number>();

  /** Problem 429 when there are too many. */
  requireRoom(username: string): void {
    const own = this.#countOfUser.get(username) ?? 0;
    if (own < WATCHES_PER_USER_MAX && this.#watches.size < WATCHES_MAX) return;
    const detail =
      own < WATCHES_PER_USER_MAX
        ? `${this.#watches.size} watches are open, as many as may be: try again later`
        : `user '${username}' has ${own} watches open, as many as one may have: close a page`;
    throw new Problem('too-many', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  add(watch: Watch, username: string): void {
    this.#watches.add(watch);
    this.#countOfUser.set(username, (this.#countOfUser.get(username) ?? 0) + 1);
  }

  remove(watch: Watch, username: string): void {
    this.#watches.delete(watch);
    const left = (this.#countOfUser.get(username) ?? 0) - 1;
    if (left > 0) this.#countOfUser.set(username, left);
    else this.#countOfUser.delete(username);
  }

  endAll(): void {
    for (const watch of this.#watches) watch.end('stopped');
  }
}

interface WatchedPath {
  readonly path: string;
  /** Core time at which it is asked next. */
  dueMs: number;
  /** How long its last answer took. */
  lastMs: number;
  /** The shorter of the last two, so that what came in between once does not count. */
  tookMs: number;
  /** Of the answer that was sent last. */
  digest: string;
}

/**
 * One open watch. It asks one path after the other, and only while its reader keeps up:
 *
 *     resting --deadline, drained--> asking --all that was due is asked--> resting
 *                                    asking --reader is slow--> waiting for it --drained--> asking
 */
class Watch {
  readonly #runtime: Runtime;
  readonly #request: FastifyRequest;
  readonly #paths: readonly WatchedPath[];
  readonly #intervalMs: number;
  readonly #onDefect: DefectListener;
  readonly #deadline: Deadline;
  readonly #ended: AbortController = new AbortController();
  #events: EventStream | undefined;
  #isAsking = false;
  #readerIsSlow = false;

  constructor(
    runtime: Runtime,
    request: FastifyRequest,
    paths: ReadonlySet<string>,
    intervalMs: number,
    onDefect: DefectListener,
  ) {
    this.#runtime = runtime;
    this.#request = request;
    this.#paths = [...paths].map((path) => ({
      path,
      dueMs: 0,
      lastMs: Number.POSITIVE_INFINITY,
      tookMs: 0,
      digest: '',
    }));
    this.#intervalMs = intervalMs;
    this.#onDefect = onDefect;
    // not within the turn of the broker
    this.#deadline = runtime.makeDeadline(() => setImmediate(() => this.#wake()));
  }

  begin(reply: FastifyReply, onClose: () => void): void {
    this.#events = new EventStream(reply);
    this.#events.begin(`watch ${this.#paths.length}`, {
      onDrain: () => {
        this.#readerIsSlow = false;
        this.#wake();
      },
      onClose: () => {
        this.#stop();
        onClose();
      },
    });
    this.#wake();
  }

  end(reason: 'unauthorised' | 'stopped'): void {
    if (this.#hasEnded) return;
    this.#stop();
    this.#events?.end(reason);
  }

  get #hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  #stop(): void {
    this.#ended.abort();
    this.#runtime.deadlines.clear(this.#deadline);
  }

  #wake(): void {
    if (this.#isAsking || this.#hasEnded) return;
    this.#isAsking = true;
    this.#askDue()
      .catch((error) => {
        this.#onDefect(error, 'GET /v1/watch');
        this.end('stopped');
      })
      .finally(() => this.#rest());
  }

  async #askDue(): Promise<void> {
    for (const watched of this.#paths) {
      if (this.#readerIsSlow) return;
      if (watched.dueMs > this.#runtime.now()) continue;
      const answer = await askInside(this.#request, watched.path, this.#ended.signal);
      if (answer === undefined) return;
      if (answer.isUnauthorised) {
        this.end('unauthorised');
        return;
      }
      this.#onAnswer(watched, answer);
    }
  }

  #onAnswer(watched: WatchedPath, { status, json, tookMs }: InnerAnswer): void {
    watched.tookMs = Math.min(watched.lastMs, tookMs);
    watched.lastMs = tookMs;
    watched.dueMs = this.#runtime.now() + this.#restMsOf(watched);
    const digest = `${status} ${hash('sha256', json, 'base64')}`;
    if (digest === watched.digest) return;
    watched.digest = digest;
    const data = `{"path":${JSON.stringify(watched.path)},"status":${status},"body":${json}}`;
    this.#readerIsSlow = this.#events?.send('answer', data) === false;
  }

  /** Until it is asked for again. All paths together take no more of the time than one may. */
  #restMsOf(watched: WatchedPath): number {
    const ownMs = ({ tookMs }: WatchedPath): number => Math.max(this.#intervalMs, tookMs * REST_TIMES);
    const load = this.#paths.reduce((sum, each) => sum + each.tookMs / ownMs(each), 0);
    return ownMs(watched) * Math.max(1, load * REST_TIMES);
  }

  #rest(): void {
    this.#isAsking = false;
    if (this.#hasEnded || this.#readerIsSlow) return;
    const dueMs = Math.min(...this.#paths.map((each) => each.dueMs));
    this.#runtime.deadlines.set(this.#deadline, dueMs);
  }
}
