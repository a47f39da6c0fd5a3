/*
 * What the clients of a broker know: what they sent, what they were promised, and when. It is kept without a look at the
 * broker's inside, and is what AMQP and docs/durability.md entitle them to.
 *
 * A time is the number of disk events that had happened. A crash at time T must keep what was promised at T or before, and
 * may keep what was asked for at T or before.
 */

const NEVER = Number.POSITIVE_INFINITY;

/** A message in one queue. */
export interface Copy {
  readonly id: number;
  readonly queue: string;
  readonly persistent: boolean;
  /** Its place among all that ever came to the queue; undefined where the place depends on more than that. */
  readonly order: number | undefined;
  readonly sentAt: number;
  promisedAt: number;
  /** The client that got it said, or saw, that it is done with; or the queue was purged or deleted. */
  removal: Removal | undefined;
  /** Its publisher asked for its outcome. */
  readonly wantsOutcome: boolean;
  /** It was gone when the broker started: what is known of its outcome was found then. */
  wasGone: boolean;
  deliveredAt: number;
  state: 'ready' | 'unacked' | 'gone';
}

export interface Removal {
  readonly sentAt: number;
  /** When it was known to be durable. */
  durableAt: number;
  /** Where it went as a dead letter. */
  readonly movedTo: Copy | undefined;
  /** The result that its client gave; undefined: none. */
  readonly resultId?: number | undefined;
}

/** A message that an exchange that deduplicates has routed, and has to remember. */
export interface RememberedKey {
  readonly id: number;
  readonly copies: readonly Copy[];
  readonly sentAt: number;
  /** The exchange went. */
  endedAt: number;
}

/** A queue was purged or deleted: the outcomes of what was in it may be lost in a crash. */
interface QueueDrop {
  readonly queue: string;
  readonly at: number;
}

/** The declaration of something durable, or its end. */
interface ObjectChange {
  readonly isPresent: boolean;
  readonly sentAt: number;
  promisedAt: number;
  /** What was found after a restart: nothing is known of the time before. */
  readonly isFound: boolean;
}

/** Before the first declaration. */
const NOTHING: ObjectChange = { isPresent: false, sentAt: 0, promisedAt: NEVER, isFound: false };

export interface Transaction {
  readonly sentAt: number;
  promisedAt: number;
  readonly published: readonly Copy[];
  readonly settled: readonly Copy[];
}

/** What a client would find after a restart. */
export interface RecoveredBroker {
  /** Messages of each queue in order; ids that are undefined are of damaged bodies. */
  readonly queues: ReadonlyMap<string, readonly RecoveredMessage[]>;
  /** Keys of what is defined. */
  readonly objects: ReadonlySet<string>;
  /** Of each outcome, as `queue message-id`, the id of its result. */
  readonly outcomes: ReadonlyMap<string, number | undefined>;
  /** What is remembered of messages, as `scope key`. */
  readonly keys: ReadonlySet<string>;
}

export interface RecoveredMessage {
  readonly id: number | undefined;
  readonly redelivered: boolean;
  /** How often it came back, in a queue that counts. */
  readonly returnCount: number;
}

export class WorkloadLedger {
  readonly copies: Copy[] = [];
  readonly #objects = new Map<string, ObjectChange[]>();
  #transactions: Transaction[] = [];
  /** Messages whose fate depends on more than what clients do (expiry, delays): only their bodies are looked at. */
  readonly #looseIds = new Set<number>();
  #remembered: RememberedKey[] = [];
  #drops: QueueDrop[] = [];
  /** When the broker had started, and what it found is durable. */
  #foundAt = NEVER;
  /** Outcomes that were found then: they stay. */
  #foundOutcomes: ReadonlySet<string> = new Set();
  /** Likewise for keys, until their exchange goes. */
  #foundKeys: { readonly keys: ReadonlySet<string>; endedAt: number } = { keys: new Set(), endedAt: NEVER };

  add(copy: Copy): void {
    this.copies.push(copy);
  }

  addLoose(id: number): void {
    this.#looseIds.add(id);
  }

  isLoose(id: number): boolean {
    return this.#looseIds.has(id);
  }

  addTransaction(transaction: Transaction): void {
    this.#transactions.push(transaction);
  }

  remember(key: RememberedKey): void {
    this.#remembered.push(key);
  }

  /** The exchange that remembered is gone. */
  forgetRemembered(now: number): void {
    for (const key of [...this.#remembered, this.#foundKeys]) key.endedAt = Math.min(key.endedAt, now);
  }

  dropQueue(queue: string, now: number): void {
    this.#drops.push({ queue, at: now });
  }

  /** Returns the change, for its promise. */
  changeObject(key: string, isPresent: boolean, now: number): { promisedAt: number } {
    const change: ObjectChange = { isPresent, sentAt: now, promisedAt: NEVER, isFound: false };
    const changes = this.#objects.get(key);
    if (changes === undefined) this.#objects.set(key, [change]);
    else changes.push(change);
    return change;
  }

  /** What is wrong with `recovered` after a crash at `time`, a line each. */
  problems(recovered: RecoveredBroker, time: number): string[] {
    return [
      ...this.#objectProblems(recovered, time),
      ...this.#messageProblems(recovered, time),
      ...this.#transactionProblems(recovered, time),
      ...this.#outcomeProblems(recovered, time),
      ...this.#keyProblems(recovered, time),
    ];
  }

  /** The broker was restarted with `recovered`: what is there is promised from now on, and what is not never will be. */
  reconcile(recovered: RecoveredBroker, now: number): void {
    this.#transactions = [];
    this.#drops = [];
    this.#remembered = [];
    this.#foundAt = now;
    this.#foundOutcomes = new Set(recovered.outcomes.keys());
    const endedAt = recovered.objects.has(DEDUPLICATING_EXCHANGE) ? NEVER : now;
    this.#foundKeys = { keys: recovered.keys, endedAt };
    for (const key of this.#objects.keys()) {
      const isPresent = recovered.objects.has(key);
      this.#objects.set(key, [{ isPresent, sentAt: now, promisedAt: now, isFound: true }]);
    }
    const found = new RecoveredCopies(recovered);
    for (const copy of this.copies.toReversed()) this.#reconcileCopy(copy, found.take(copy), now);
  }

  #reconcileCopy(copy: Copy, isPresent: boolean, now: number): void {
    if (isPresent) {
      copy.state = 'ready';
      copy.removal = undefined;
      promise(copy, now);
      return;
    }
    copy.wasGone = true;
    if (copy.state !== 'gone' || copy.removal === undefined) {
      copy.state = 'gone';
      copy.removal = { sentAt: now, durableAt: now, movedTo: undefined };
    } else if (copy.removal.durableAt === NEVER) {
      copy.removal = { ...copy.removal, durableAt: now, movedTo: undefined };
    }
  }

  #presentCopies(recovered: RecoveredBroker, time: number): Set<Copy> {
    const found = new RecoveredCopies(recovered);
    const sent = this.copies.filter(({ sentAt }) => sentAt <= time);
    return new Set(sent.toReversed().filter((copy) => found.take(copy)));
  }

  /** A settlement and its outcome are there together, or neither is. */
  #outcomeProblems(recovered: RecoveredBroker, time: number): string[] {
    const problems: string[] = [];
    const present = this.#presentCopies(recovered, time);
    const counts = new Map<string, number>();
    for (const copy of this.copies) counts.set(outcomeKey(copy), (counts.get(outcomeKey(copy)) ?? 0) + 1);
    for (const copy of this.copies) {
      const key = outcomeKey(copy);
      // Which of two messages of one id in one queue an outcome is of nobody can tell.
      if (!copy.wantsOutcome || !copy.persistent || copy.sentAt > time || counts.get(key) !== 1) continue;
      if (copy.wasGone) continue;
      const problem = this.#outcomeProblem(copy, present.has(copy), recovered, time);
      if (problem !== undefined) problems.push(`message ${copy.id} of queue ${copy.queue} ${problem}`);
    }
    for (const key of time < this.#foundAt ? [] : this.#foundOutcomes)
      if (!recovered.outcomes.has(key)) problems.push(`outcome ${key} is lost although it was there`);
    return problems;
  }

  #outcomeProblem(
    copy: Copy,
    isPresent: boolean,
    { outcomes }: RecoveredBroker,
    time: number,
  ): string | undefined {
    const key = outcomeKey(copy);
    const { removal } = copy;
    if (isPresent)
      return outcomes.has(key) ? 'is there and has an outcome, which is back to front' : undefined;
    if (removal === undefined || removal.sentAt > time || copy.promisedAt > time) return undefined;
    const isDropped = this.#drops.some(
      ({ queue, at }) => queue === copy.queue && at >= removal.sentAt && at <= time,
    );
    if (!outcomes.has(key)) return isDropped ? undefined : 'is settled, and its outcome is lost';
    if (outcomes.get(key) !== removal.resultId)
      return `has an outcome with result ${outcomes.get(key)}, where ${removal.resultId} was given: that is lost`;
    return undefined;
  }

  /** A message that was routed is remembered, and one that is remembered is not lost. */
  #keyProblems(recovered: RecoveredBroker, time: number): string[] {
    const problems: string[] = [];
    const present = this.#presentCopies(recovered, time);
    if (this.#foundAt <= time && this.#foundKeys.endedAt > time) {
      for (const key of this.#foundKeys.keys)
        if (!recovered.keys.has(key)) problems.push(`key ${key} is lost although it was there`);
    }
    for (const { id, copies, sentAt, endedAt } of this.#remembered) {
      const persistent = copies.filter((copy) => copy.persistent);
      if (sentAt > time || endedAt <= time || persistent.length === 0) continue;
      const isKnown = recovered.keys.has(rememberedKey(id));
      const isThere = persistent.some((copy) => present.has(copy) || copy.promisedAt <= time);
      if (isThere && !isKnown)
        problems.push(`message ${id} is forgotten: its repetition is back as another one`);
      const lost = persistent.some((copy) => !present.has(copy) && !isRemoved(copy, time));
      if (isKnown && lost) problems.push(`message ${id} is lost, and its repetition would be refused`);
    }
    return problems;
  }

  #objectProblems(recovered: RecoveredBroker, time: number): string[] {
    const problems: string[] = [];
    for (const [key, changes] of this.#objects) {
      const promised = changes.findLastIndex(({ promisedAt }) => promisedAt <= time);
      const possible = changes.slice(Math.max(0, promised)).filter(({ sentAt }) => sentAt <= time);
      const first = changes[0] as ObjectChange;
      if (promised < 0 && first.isPresent && !first.isFound) possible.push(NOTHING);
      const isPresent = recovered.objects.has(key);
      if (possible.length > 0 && !possible.some((change) => change.isPresent === isPresent)) {
        problems.push(
          `${key} is ${isPresent ? 'back although it was deleted' : 'lost although it was declared'}`,
        );
      }
    }
    return problems;
  }

  #messageProblems(recovered: RecoveredBroker, time: number): string[] {
    const problems: string[] = [];
    const found = new RecoveredCopies(recovered);
    const sent = this.copies.filter(({ sentAt }) => sentAt <= time);
    const present = new Set(sent.toReversed().filter((copy) => found.take(copy)));
    for (const [id, queue] of found.rest()) {
      if (id === undefined) problems.push(`queue ${queue} has a message with a damaged body`);
      else if (!this.#looseIds.has(id))
        problems.push(`queue ${queue} has message ${id} once more than it was sent`);
    }
    for (const copy of this.copies) {
      const problem = copyProblem(copy, present, time);
      if (problem !== undefined) problems.push(`message ${copy.id} of queue ${copy.queue} ${problem}`);
    }
    for (const [queue, messages] of recovered.queues) {
      problems.push(
        ...this.#orderProblems(queue, messages, present),
        ...this.#markProblems(queue, messages, time),
      );
    }
    return problems;
  }

  #orderProblems(queue: string, messages: readonly RecoveredMessage[], present: ReadonlySet<Copy>): string[] {
    const orders = new Map<number, number | undefined>();
    for (const copy of present) {
      if (copy.queue !== queue) continue;
      orders.set(copy.id, orders.has(copy.id) ? undefined : copy.order);
    }
    let last = -1;
    for (const { id } of messages) {
      const order = id === undefined ? undefined : orders.get(id);
      if (order === undefined) continue;
      if (order < last) return [`queue ${queue} is out of order at message ${id}`];
      last = order;
    }
    return [];
  }

  #markProblems(queue: string, messages: readonly RecoveredMessage[], time: number): string[] {
    return messages.flatMap(({ id, redelivered }) => {
      if (redelivered) return [];
      const copies = this.copies.filter((copy) => copy.queue === queue && copy.id === id);
      const delivered = copies.length > 0 && copies.every(({ deliveredAt }) => deliveredAt <= time);
      return delivered
        ? [`message ${id} of queue ${queue} was delivered and is not marked as redelivered`]
        : [];
    });
  }

  #transactionProblems(recovered: RecoveredBroker, time: number): string[] {
    const problems: string[] = [];
    for (const transaction of this.#transactions) {
      if (transaction.sentAt > time) continue;
      const happened: string[] = [];
      const didNot: string[] = [];
      for (const copy of transaction.published) {
        if (!copy.persistent || isRemoved(copy, time)) continue;
        const isThere = isInQueue(recovered, copy);
        (isThere ? happened : didNot).push(
          `message ${copy.id} ${isThere ? 'is' : 'is not'} in ${copy.queue}`,
        );
      }
      for (const copy of transaction.settled) {
        if (!copy.persistent || copy.promisedAt > time) continue;
        if (isInQueue(recovered, copy)) didNot.push(`message ${copy.id} is still in ${copy.queue}`);
        else if (recovered.queues.has(copy.queue))
          happened.push(`message ${copy.id} is gone from ${copy.queue}`);
      }
      const mustHaveHappened = transaction.promisedAt <= time;
      if (didNot.length > 0 && (mustHaveHappened || happened.length > 0)) {
        problems.push(`a transaction is not whole: ${[...happened, ...didNot].join(', ')}`);
      }
    }
    return problems;
  }
}

/** The one exchange of a workload that deduplicates. */
export const DEDUPLICATING_EXCHANGE = 'exchange once';

/** As the broker finds what the workload publishes. */
function outcomeKey({ id, queue }: Copy): string {
  return `${queue} m${id}`;
}

export function rememberedKey(id: number): string {
  return `${DEDUPLICATING_EXCHANGE} S ${id}`;
}

/** Messages of recovered queues, to be matched with copies: the newest first, where a message came to a queue twice. */
class RecoveredCopies {
  readonly #counts = new Map<
    string,
    { readonly id: number | undefined; readonly queue: string; count: number }
  >();

  constructor({ queues }: RecoveredBroker) {
    for (const [queue, messages] of queues) {
      for (const { id } of messages) {
        const entry = this.#counts.get(`${id} ${queue}`);
        if (entry === undefined) this.#counts.set(`${id} ${queue}`, { id, queue, count: 1 });
        else entry.count++;
      }
    }
  }

  /** Whether there is one more for `copy`. */
  take({ id, queue }: Copy): boolean {
    const entry = this.#counts.get(`${id} ${queue}`);
    if (entry === undefined || entry.count === 0) return false;
    entry.count--;
    return true;
  }

  /** What no copy took. */
  rest(): [id: number | undefined, queue: string][] {
    return [...this.#counts.values()].filter(({ count }) => count > 0).map(({ id, queue }) => [id, queue]);
  }
}

function copyProblem(copy: Copy, present: ReadonlySet<Copy>, time: number): string | undefined {
  const { removal } = copy;
  if (copy.sentAt > time) return undefined;
  if (present.has(copy)) {
    if (!copy.persistent) return 'is back although it was transient';
    if (removal !== undefined && removal.durableAt <= time) return 'is back although it was settled';
    if (removal?.movedTo !== undefined && present.has(removal.movedTo))
      return 'is there and is a dead letter, too';
    return undefined;
  }
  if (!copy.persistent || copy.promisedAt > time) return undefined;
  if (removal === undefined || removal.sentAt > time) return 'is lost although it was confirmed';
  const { movedTo } = removal;
  const isDeadLetter = movedTo === undefined || present.has(movedTo) || isRemoved(movedTo, time);
  return isDeadLetter ? undefined : 'is lost on its way to the dead letters';
}

function isRemoved({ removal }: Copy, time: number): boolean {
  return removal !== undefined && removal.sentAt <= time;
}

function isInQueue({ queues }: RecoveredBroker, copy: Copy): boolean {
  return queues.get(copy.queue)?.some(({ id }) => id === copy.id) ?? false;
}

function promise(promised: { promisedAt: number } | undefined, now: number): void {
  if (promised !== undefined) promised.promisedAt = Math.min(promised.promisedAt, now);
}
