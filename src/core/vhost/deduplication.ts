import type { Field } from '../../codec/field-table.ts';
import { cacheTtlOf, type DeduplicationArguments } from '../arguments/deduplication-arguments.ts';
import { fieldText, isInteger } from '../arguments/field-text.ts';
import type { Deadline } from '../deadlines.ts';
import { type MessageOrigin, NO_CONTENT } from '../message/kept-record.ts';
import type { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import { hashText } from '../routing/stable-hash.ts';
import type { Runtime } from '../runtime.ts';
import type { Exchange } from './exchange.ts';
import { type Kept, KeptRecords } from './kept-records.ts';

/** Keys of one vhost at once; the oldest go first. */
const KEYS_MAX = 1_000_000;
/** A longer key is shortened to its beginning and hashes of the whole. */
const KEY_CHARACTERS_MAX = 256;
/** Keys that go in the turn in which their exchange or queue does: after a crash none of them may count for the next of its name. */
const DROPPED_AT_ONCE = 8192;
/** Keys that are looked at in one turn to see whether anybody needs them still. */
const REVIEWED_PER_TURN = 1024;
/** Of a queue's oldest keys, how many are looked at when another one comes: so those of messages that are gone go. */
const REVIEWED_PER_KEY = 2;
const QUEUE_SCOPE = 'queue ';

/** A key and for how long it counts. */
interface MessageKey {
  readonly scope: string;
  readonly key: string;
  readonly ttlMs: number;
  readonly sizeMax: number;
  readonly durable: boolean;
}

/**
 * What was published before, in one vhost: keys of messages, each in a scope: an exchange, a queue, or whatever a protocol has
 * that lets a publisher repeat itself. Keys are kept in the message log, in the turn and so in the group of the message that they
 * are of, and survive a restart when the message does.
 *
 * - Of an exchange, a key counts from when a message with it was routed, for its time.
 * - Of a queue with a time, likewise. Of a queue without one a key counts as long as its message is in the queue: the key names
 *   the message, and whether that is there is asked of the queue. So nothing has to be done when a message is settled.
 *
 * For HTTP: `isRepeated(scope, key)` before a request with an `Idempotency-Key` is done, and `remember` in the same turn
 * afterwards, with a scope like `http ann /v1/...` (protocol, user, path).
 */
export class Deduplication {
  readonly #runtime: Runtime;
  readonly #records: KeptRecords;
  readonly #queues: ReadonlyMap<string, Queue>;
  /** By scope and key; in each scope the oldest first. */
  readonly #windows = new Map<string, Map<string, Kept>>();
  /** Maybe nobody needs them any more: their scope is gone, or they are of an earlier run. */
  #doubtful: Kept[] = [];
  readonly #review: Deadline;

  /** `laneId`: of an earlier run. `onLane`: it is to be recorded with the vhost. */
  constructor(
    runtime: Runtime,
    queues: ReadonlyMap<string, Queue>,
    onLane: () => void,
    laneId: number | undefined,
  ) {
    this.#runtime = runtime;
    this.#queues = queues;
    this.#review = runtime.makeDeadline(() => this.#reviewDoubtful());
    const keeper = {
      onRestored: (kept: Kept) => this.#restored(kept),
      onDropped: (kept: Kept) => this.#forget(kept),
      onLane,
    };
    this.#records = new KeptRecords(runtime, keeper, KEYS_MAX);
    if (laneId !== undefined) this.#records.adopt(laneId);
    this.#reviewSoon();
  }

  get laneId(): number | undefined {
    return this.#records.laneId;
  }

  get count(): number {
    return this.#records.count;
  }

  // ---- for any protocol ----

  /** Whether `key` was remembered in `scope`, and its time is not over. */
  isRepeated(scope: string, key: string): boolean {
    const kept = this.#windows.get(scope)?.get(shortened(key));
    return kept !== undefined && this.#counts(kept);
  }

  /** Remembers `key` for `ttlMs`, a u32. `durable`: over a restart, too. */
  remember(scope: string, key: string, ttlMs: number, durable: boolean): void {
    this.#remember({ scope, key: shortened(key), ttlMs, durable, sizeMax: KEYS_MAX }, undefined);
  }

  // ---- exchanges ----

  /** Whether `exchange` has got a message like this before, within its time. */
  isRepeatedAt(exchange: Exchange, publication: Publication): boolean {
    const key = this.#exchangeKey(exchange, publication);
    return key !== undefined && this.isRepeated(key.scope, key.key);
  }

  /** `exchange` has got a message, and nobody refused it. */
  rememberAt(exchange: Exchange, publication: Publication): void {
    const key = this.#exchangeKey(exchange, publication);
    if (key !== undefined) this.#remember(key, undefined);
  }

  /** All is there again after a restart, but for the exchanges and queues whose keys were not all gone before it. */
  finishRestore(exchanges: ReadonlyMap<string, Exchange>): void {
    for (const scope of [...this.#windows.keys()]) {
      const [kind, name] = [scope.slice(0, scope.indexOf(' ')), scope.slice(scope.indexOf(' ') + 1)];
      const isGone =
        (kind === 'exchange' && !exchanges.has(name)) || (kind === 'queue' && !this.#queues.has(name));
      if (isGone) this.#dropScope(scope);
    }
  }

  exchangeDeleted(exchange: Exchange): void {
    this.#dropScope(exchangeScope(exchange));
  }

  // ---- queues ----

  /** Whether a message like this is in `queue`, or was within its time. */
  isRepeatedIn(queue: Queue, publication: Publication): boolean {
    const key = this.#queueKey(queue, publication);
    return key !== undefined && this.isRepeated(key.scope, key.key);
  }

  /** `queue` has taken the message as `origin`. */
  rememberIn(queue: Queue, publication: Publication, origin: MessageOrigin): void {
    const key = this.#queueKey(queue, publication);
    if (key === undefined) return;
    this.#dropOldestGone(key.scope);
    this.#remember(key, key.ttlMs === Number.POSITIVE_INFINITY ? origin : undefined);
  }

  queueDeleted(queue: Queue): void {
    this.#dropScope(queueScope(queue));
  }

  dispose(): void {
    this.#runtime.deadlines.clear(this.#review);
    this.#doubtful = [];
    this.#windows.clear();
    this.#records.dispose();
  }

  // ---- inside ----

  #exchangeKey(exchange: Exchange, publication: Publication): MessageKey | undefined {
    const { deduplication } = exchange;
    if (deduplication === undefined) return undefined;
    const durable = publication.persistent && exchange.durable;
    return keyOf(exchangeScope(exchange), deduplication, publication, durable);
  }

  #queueKey(queue: Queue, publication: Publication): MessageKey | undefined {
    const { deduplication } = queue.settings;
    if (deduplication === undefined) return undefined;
    return keyOf(queueScope(queue), deduplication, publication, publication.persistent && queue.isRecorded);
  }

  #remember(key: MessageKey, origin: MessageOrigin | undefined): void {
    const kept = this.#records.add(
      { scope: key.scope, key: key.key, origin },
      key.ttlMs,
      key.durable,
      NO_CONTENT,
    );
    const window = this.#index(kept);
    if (window.size > key.sizeMax) this.#drop(window.values().next().value as Kept);
  }

  /** Without a time of its own a key counts as long as its message is in its queue. */
  #counts({ scope, origin }: Kept): boolean {
    if (origin === undefined) return true;
    return this.#queues.get(scope.slice(QUEUE_SCOPE.length))?.holds(origin) === true;
  }

  #index(kept: Kept): Map<string, Kept> {
    const window = this.#windows.get(kept.scope) ?? new Map<string, Kept>();
    const former = window.get(kept.key);
    if (former !== undefined) {
      window.delete(kept.key);
      this.#records.remove(former);
    }
    window.set(kept.key, kept);
    this.#windows.set(kept.scope, window);
    return window;
  }

  #forget(kept: Kept): void {
    const window = this.#windows.get(kept.scope);
    if (window?.get(kept.key) !== kept) return;
    window.delete(kept.key);
    if (window.size === 0) this.#windows.delete(kept.scope);
  }

  #drop(kept: Kept): void {
    this.#forget(kept);
    this.#records.remove(kept);
  }

  /** One that counts still goes to the end: it stays in its place for as long as its message, whatever goes by. */
  #dropOldestGone(scope: string): void {
    for (let count = 0; count < REVIEWED_PER_KEY; count++) {
      const window = this.#windows.get(scope);
      const oldest = window?.values().next().value;
      if (window === undefined || oldest?.origin === undefined) return;
      if (this.#counts(oldest)) {
        window.delete(oldest.key);
        window.set(oldest.key, oldest);
      } else {
        this.#drop(oldest);
      }
    }
  }

  #dropScope(scope: string): void {
    const window = this.#windows.get(scope);
    if (window === undefined) return;
    this.#windows.delete(scope);
    let count = 0;
    for (const kept of window.values()) {
      if (count++ < DROPPED_AT_ONCE) this.#records.remove(kept);
      else this.#doubtful.push(kept);
    }
    this.#reviewSoon();
  }

  #restored(kept: Kept): void {
    this.#index(kept);
    if (kept.origin !== undefined) this.#doubtful.push(kept);
  }

  #reviewSoon(): void {
    if (this.#doubtful.length > 0) this.#runtime.deadlines.set(this.#review, this.#runtime.now());
  }

  /** Keys of a scope that is gone, and those whose message is, are of no use to anybody. */
  #reviewDoubtful(): void {
    for (const kept of this.#doubtful.splice(-REVIEWED_PER_TURN)) {
      const isIndexed = this.#windows.get(kept.scope)?.get(kept.key) === kept;
      if (!isIndexed || !this.#counts(kept)) this.#drop(kept);
    }
    this.#reviewSoon();
  }
}

function exchangeScope({ name }: Exchange): string {
  return `exchange ${name}`;
}

function queueScope({ name }: Queue): string {
  return QUEUE_SCOPE + name;
}

/** Undefined: the message has no header to know it by. */
function keyOf(
  scope: string,
  { header, sizeMax, ttlMs }: DeduplicationArguments,
  publication: Publication,
  durable: boolean,
): MessageKey | undefined {
  const headers = publication.headers();
  const field = headers?.get(header);
  if (headers === undefined || field === undefined || field.tag === 'V') return undefined;
  return {
    scope,
    key: shortened(`${typeClass(field)} ${fieldText(field)}`),
    ttlMs: cacheTtlOf(headers) ?? ttlMs ?? Number.POSITIVE_INFINITY,
    sizeMax: sizeMax ?? KEYS_MAX,
    durable,
  };
}

/** 10 is 10 whatever its width, and not '10'. */
function typeClass(field: Field): string {
  if (isInteger(field)) return 'integer';
  return field.tag === 'f' || field.tag === 'd' ? 'float' : field.tag;
}

function shortened(key: string): string {
  if (key.length <= KEY_CHARACTERS_MAX) return key;
  const beginning = key.slice(0, KEY_CHARACTERS_MAX);
  return `${beginning} ${key.length} ${hashText(key)} ${hashText(key.slice(1))}`;
}
