/**
 * Which node of a cluster owns the log, as one node sees it. There is a lease in a store; whoever renews it owns the log.
 *
 *                 start                  nobody has it, or it was not renewed
 *     stopped ----------> watching -----------------------------------------> claiming
 *                          ^ ^  ^                                              |    |
 *                          | |  '----------------- somebody was first ---------'    | written
 *              start again | |                                                      v
 *     resting -------------' '--- releasing <-------------- handOver -------------- owning
 *        ^                         written, or given up after a lease                 |
 *        '------------------------- not renewed in time, or somebody has it ----------'
 *
 *     stop leads from everywhere to stopped
 *
 * *Owning* ends by itself, whatever answers come or do not: it holds until the time of the renewal that was acknowledged last, counted
 * from before that was asked for, plus the lease less a margin. A challenger counts a whole lease from when it saw the lease
 * change, on a clock of its own, and that was after it was asked for. So the two never overlap while clocks run at nearly the same
 * speed, however long messages take. Where they do not, the log itself refuses a former owner.
 *
 * *Resting* is for the host, which has a broker to end before it may own anything again.
 */
import type { BrokerEvent, Clock, Random } from '../core/environment.ts';
import type { StorageTimer } from '../storage/file/storage-timer.ts';
import type { LeaseEntry, LeaseRecord, LeaseStore } from './lease-store.ts';
import { LeaseWriter } from './lease-writer.ts';

export interface OwnershipOptions {
  readonly store: LeaseStore;
  /** The name of this node. No other one has it. */
  readonly node: string;
  /** How long the lease of this node holds from when it was written, in milliseconds. */
  readonly leaseMs: number;
  /** Where other nodes pass clients through to, as `host:port`. */
  readonly peerAddress: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timer: StorageTimer;
  /** Cannot be guessed: tokens are made of it. */
  readonly random: Random;
  /** The newest record says something else than before; undefined: there is none. Renewals alone change nothing. */
  onChange(record: LeaseRecord | undefined): void;
  /** This node owns the log from now on; `record` has its term and its token. */
  onAcquired(record: LeaseRecord): void;
  /** It does not any more, and `holds` has said so before. Called once for each term that was not handed over; then `start` goes on. */
  onLost(reason: string): void;
  onEvent(event: BrokerEvent): void;
}

/** What a term says of itself, in time. */
export interface TermFacts {
  readonly epoch?: number;
  readonly isServing?: boolean;
}

type State =
  | { readonly kind: 'stopped' | 'resting' | 'watching' }
  | { readonly kind: 'claiming'; readonly writer: LeaseWriter }
  | Owning
  | Releasing;

interface Owning {
  readonly kind: 'owning';
  readonly writer: LeaseWriter;
  /** What the next renewal says. */
  record: LeaseRecord;
  /** Only grows, and not once it has been reached. */
  validUntilMs: number;
  /** Questions without success since the last renewal. */
  troubleCount: number;
  lastTrouble: string;
}

interface Releasing {
  readonly kind: 'releasing';
  readonly writer: LeaseWriter;
  readonly done: (isHandedOver: boolean) => void;
}

export type OwnershipStateKind = State['kind'];

/** The newest that is known of the store. */
interface Sight {
  /** Undefined: nothing is there. */
  readonly entry: LeaseEntry | undefined;
  /** When this revision was first seen, on this node's clock. */
  readonly sinceMs: number;
}

/** Parts of a lease. Between the time of a renewal and the end of the lease there is time for four questions. */
const RENEWAL_PART = 1 / 3;
/** For clocks that run at different speeds, and for what was begun while the lease held. */
const MARGIN_PART = 1 / 10;
const ANSWER_PART = 1 / 8;
const RETRY_PART = 1 / 20;
/** Some questions without success are nothing special: a leader that changes. */
const TROUBLES_TOLD = 2;
const TOKEN_WORDS = 8;

export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #validMs: number;
  #state: State = { kind: 'stopped' };
  /** Undefined: nothing is known yet. */
  #sight: Sight | undefined;
  /** The term that this object claimed last. When it is over it is known to be: nobody has to wait for its lease. */
  #ownTerm: string | undefined;
  #cancelTimer: () => void = () => {};
  #stopWatching: () => void = () => {};

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#validMs = options.leaseMs * (1 - MARGIN_PART);
  }

  get state(): OwnershipStateKind {
    return this.#state.kind;
  }

  /** What the store said last: who owns the log, or did when it was last heard of. */
  get record(): LeaseRecord | undefined {
    return this.#sight?.entry?.record;
  }

  /** Whether `record` was changed, or renewed, less than its lease ago: whoever it names may well own the log. */
  get isFresh(): boolean {
    const { entry, sinceMs } = this.#sight ?? {};
    if (entry === undefined || sinceMs === undefined) return false;
    return this.#options.clock.nowMs() - sinceMs < entry.record.leaseMs;
  }

  /** Begins to look for a lease to take; after `onLost`: goes on with that. */
  start(): void {
    const { kind } = this.#state;
    if (kind === 'stopped') {
      this.#stopWatching = this.#options.store.watch((entry) => this.#onEntry(entry));
    } else if (kind !== 'resting') throw new Error(`the ownership is ${kind}, and was started again`);
    this.#becomeWatching();
  }

  /** Ends without a word: others take over a lease later. */
  stop(): void {
    this.#stopWatching();
    this.#become({ kind: 'stopped' });
  }

  /**
   * Whether this node owns the log at this moment. To be asked before anything is done in its name, and after every pause; once it
   * was false it stays so for the term.
   */
  holds(): boolean {
    const state = this.#state;
    if (state.kind !== 'owning') return false;
    if (this.#options.clock.nowMs() < state.validUntilMs) return true;
    const trouble = state.lastTrouble === '' ? 'the process stood still' : state.lastTrouble;
    this.#lose(`the lease ran out before it was renewed: ${trouble}`);
    return false;
  }

  /** Tells the others, soon; nothing when the term is over. */
  announce(facts: TermFacts): void {
    const state = this.#state;
    if (state.kind !== 'owning') return;
    state.record = { ...state.record, ...facts };
    state.writer.write(state.record);
  }

  /**
   * Gives the lease away: `successor` may take it at once, '' anybody. To be called when everything is durable and the log closed:
   * `holds` is false from now on. Resolves to whether others know; when they do not they take over a lease later.
   */
  handOver(successor: string): Promise<boolean> {
    const state = this.#state;
    if (!this.holds() || state.kind !== 'owning') return Promise.resolve(false);
    return new Promise((resolve) => this.#becomeReleasing(state, successor, resolve));
  }

  #become(state: State): void {
    const before = this.#state;
    this.#cancelTimer();
    if ('writer' in before && !('writer' in state && state.writer === before.writer)) before.writer.stop();
    this.#state = state;
    if (before.kind === 'releasing')
      before.done(this.record?.term !== this.#ownTerm || this.record?.owner === '');
  }

  #becomeWatching(): void {
    this.#become({ kind: 'watching' });
    this.#considerClaim();
  }

  #becomeClaiming(entry: LeaseEntry | undefined): void {
    const { node, leaseMs, peerAddress } = this.#options;
    const term = this.#randomText();
    this.#ownTerm = term;
    const writer = this.#writer(term, entry?.revision ?? 0);
    this.#become({ kind: 'claiming', writer });
    const peerToken = this.#randomText();
    writer.write({
      owner: node,
      successor: '',
      term,
      leaseMs,
      peerAddress,
      peerToken,
      epoch: 0,
      isServing: false,
    });
  }

  #becomeOwning(writer: LeaseWriter, record: LeaseRecord, sentMs: number): void {
    const validUntilMs = sentMs + this.#validMs;
    this.#become({ kind: 'owning', writer, record, validUntilMs, troubleCount: 0, lastTrouble: '' });
    this.#armRenewal(sentMs);
    this.#options.onAcquired(record);
  }

  #becomeReleasing(
    { writer, record }: Owning,
    successor: string,
    done: (isHandedOver: boolean) => void,
  ): void {
    this.#become({ kind: 'releasing', writer, done });
    this.#arm(this.#options.leaseMs, () => this.#becomeWatching());
    writer.write({ ...record, owner: '', successor, isServing: false });
  }

  /** The host hears of it when what runs now has ended: it may be a turn of its broker that asked. */
  #lose(reason: string): void {
    this.#become({ kind: 'resting' });
    queueMicrotask(() => {
      if (this.#state.kind !== 'stopped') this.#options.onLost(reason);
    });
  }

  #considerClaim(): void {
    if (this.#state.kind !== 'watching') return;
    const sight = this.#sight;
    if (sight === undefined) {
      this.#readFirst();
      return;
    }
    const waitMs = this.#waitMs(sight);
    if (waitMs > 0) this.#arm(waitMs, () => this.#considerClaim());
    else this.#becomeClaiming(sight.entry);
  }

  /** How long the lease has to be left to whoever may have it. */
  #waitMs({ entry, sinceMs }: Sight): number {
    if (entry === undefined) return 0;
    const { owner, successor, term, leaseMs } = entry.record;
    const isOwn = term === this.#ownTerm;
    const isFree = owner === '' ? !isOwn && (successor === '' || successor === this.#options.node) : isOwn;
    return isFree ? 0 : sinceMs + leaseMs - this.#options.clock.nowMs();
  }

  /** A watch says nothing of a store in which nothing is. */
  #readFirst(): void {
    const { store, leaseMs } = this.#options;
    this.#arm(leaseMs * ANSWER_PART, () => this.#considerClaim());
    store.read().then(
      (entry) => {
        if (this.#sight === undefined && this.#state.kind !== 'stopped') this.#see(entry);
      },
      // The timer asks again.
      () => undefined,
    );
  }

  #onEntry(entry: LeaseEntry): void {
    if (this.#state.kind === 'stopped' || entry.revision <= (this.#sight?.entry?.revision ?? 0)) return;
    this.#see(entry);
    const state = this.#state;
    if ('writer' in state) state.writer.saw(entry);
  }

  #see(entry: LeaseEntry | undefined): void {
    const before = this.#sight;
    // Whoever sees the same once more must not begin to wait anew.
    if (before !== undefined && before.entry?.revision === entry?.revision) return;
    this.#sight = { entry, sinceMs: this.#options.clock.nowMs() };
    if (!isSame(before?.entry?.record, entry?.record)) this.#options.onChange(entry?.record);
    this.#considerClaim();
  }

  #writer(term: string, after: number): LeaseWriter {
    const { store, clock, timer, leaseMs } = this.#options;
    return new LeaseWriter({
      ...{ store, clock, timer, term, after },
      timeoutMs: leaseMs * ANSWER_PART,
      retryMs: leaseMs * RETRY_PART,
      onWritten: (entry, sentMs) => this.#onWritten(entry, sentMs),
      onDefeated: (entry) => this.#onDefeated(entry),
      onTrouble: (reason) => this.#onTrouble(reason),
    });
  }

  #onWritten(entry: LeaseEntry, sentMs: number): void {
    if (entry.revision > (this.#sight?.entry?.revision ?? 0)) this.#see(entry);
    const state = this.#state;
    switch (state.kind) {
      case 'claiming':
        if (this.#options.clock.nowMs() < sentMs + this.#validMs)
          this.#becomeOwning(state.writer, entry.record, sentMs);
        else state.writer.write(entry.record);
        return;
      case 'owning':
        if (this.holds()) this.#renewed(state, sentMs);
        return;
      case 'releasing':
        if (entry.record.owner === '') this.#becomeWatching();
        return;
      default:
    }
  }

  #renewed(state: Owning, sentMs: number): void {
    state.validUntilMs = Math.max(state.validUntilMs, sentMs + this.#validMs);
    if (state.troubleCount >= TROUBLES_TOLD) this.#event('info', 'the lease is renewed again');
    state.troubleCount = 0;
    state.lastTrouble = '';
    this.#armRenewal(sentMs);
  }

  #onDefeated(entry: LeaseEntry | undefined): void {
    const { kind } = this.#state;
    this.#see(entry);
    if (kind === 'owning') this.#lose(this.#takenText(entry));
    else this.#becomeWatching();
  }

  #onTrouble(reason: string): void {
    const state = this.#state;
    if (state.kind !== 'owning') return;
    state.lastTrouble = reason;
    state.troubleCount += 1;
    if (state.troubleCount !== TROUBLES_TOLD) return;
    const left = ((state.validUntilMs - this.#options.clock.nowMs()) / 1000).toFixed(1);
    this.#event('warn', `the lease cannot be renewed: ${reason}; in ${left} s this node gives up the log`);
  }

  #takenText(entry: LeaseEntry | undefined): string {
    const owner = entry?.record.owner;
    if (owner !== this.#options.node) return `node '${owner}' has taken the lease`;
    return `another process has taken the lease under this node's name, '${owner}': give each node a name of its own`;
  }

  #armRenewal(sentMs: number): void {
    const dueMs = sentMs + this.#options.leaseMs * RENEWAL_PART;
    this.#arm(dueMs - this.#options.clock.nowMs(), () => this.#renew());
  }

  #renew(): void {
    const state = this.#state;
    if (state.kind !== 'owning' || !this.holds()) return;
    state.writer.write(state.record);
    this.#armEnd(state);
  }

  /** A timer may be early. */
  #armEnd(state: Owning): void {
    this.#arm(state.validUntilMs - this.#options.clock.nowMs(), () => {
      if (this.holds()) this.#armEnd(state);
    });
  }

  #arm(ms: number, callback: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.timer.after(Math.max(0, ms), callback);
  }

  #event(level: BrokerEvent['level'], text: string): void {
    this.#options.onEvent({ level, text: `cluster: ${text}` });
  }

  #randomText(): string {
    let text = '';
    for (let word = 0; word < TOKEN_WORDS; word++) {
      text += this.#options.random.uint32().toString(16).padStart(8, '0');
    }
    return text;
  }
}

function isSame(one: LeaseRecord | undefined, other: LeaseRecord | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (Object.keys(one) as (keyof LeaseRecord)[]).every((key) => one[key] === other[key]);
}
