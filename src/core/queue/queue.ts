/**
 * A queue: lanes of messages, consumers, and the rules between them.
 *
 * A message of a queue is ready, unacked, or held back for a delayed retry:
 *
 *                 publish                    deliver, get
 *     (nothing) -----------> ready -----------------------------> unacked ----> settled (ack, no-ack)
 *                            ^  |  drop-head, expired               |  |
 *                            |  +----------------> dead-lettered <--|--+  reject, delivery limit
 *                            |                                      |
 *                            +------- held until its time <---------+  requeue
 *                            +--------------------------------------+
 *
 * Everything changes the state and marks the queue due; `pump` delivers, once a turn. Out of turn, `get` takes a message for
 * whoever asked, and a queue at its limit lets its consumers take what they can before it refuses (`makeRoom`) or drops
 * (`trim`) anything.
 */

import type { FieldTable } from '../../codec/field-table.ts';
import { retryDelayMs } from '../arguments/delayed-retry.ts';
import type { QueueArguments } from '../arguments/queue-arguments.ts';
import type { Deadline } from '../deadlines.ts';
import type { DeathReason } from '../message/death-headers.ts';
import type { MessageOrigin } from '../message/kept-record.ts';
import { bodyBytesOf, type MessageRecord, NO_EXPIRATION } from '../message/message-record.ts';
import { type MessageTracer, tracedRecord } from '../message/message-tracer.ts';
import { Publication } from '../message/publication.ts';
import type { EndedMessage, Ending } from '../outcome/ending.ts';
import type { SettlementResult } from '../outcome/settlement-result.ts';
import type { Pumpable, Runtime } from '../runtime.ts';
import { QueueActivity } from '../statistics/flow-activity.ts';
import { MessageCounters } from '../statistics/message-counters.ts';
import type { CountedQueue } from '../statistics/totals.ts';
import type { ConsumedQueue, Consumer } from './consumer.ts';
import { ConsumerSet } from './consumer-set.ts';
import { HeldMessages } from './held-messages.ts';
import type { Lane, LaneOwner, RequeueCause } from './lane.ts';
import { type BrowsePlace, QueueBrowser } from './queue-browser.ts';
import { QueueOutcomes } from './queue-outcomes.ts';

/** Deliveries of one queue in one turn: bounded, so that no queue makes the others wait. */
const DELIVERIES_PER_TURN = 16_384;
/** Messages that expire in one queue in one turn, and as many that it drops because it is too long. */
const EXPIRIES_PER_TURN = 2048;
/** In a note: the message is not held back. */
const NOT_HELD = 0;

/** The connection that an exclusive queue belongs to, and goes with. */
export interface ExclusiveOwner {
  ownQueue(queue: Queue): void;
  disownQueue(queue: Queue): void;
}

/** The vhost of a queue, as far as the queue needs it. */
export interface QueueHost {
  readonly name: string;
  removeQueue(queue: Queue): void;
  /** Publishes a message of `queue` to its dead-letter exchange. The caller settles it afterwards. */
  deadLetter(queue: Queue, lane: Lane, seq: number, reason: DeathReason): void;
  /** Keeps what became of a message of `queue` that is settled in this turn. */
  keepOutcome(
    queue: Queue,
    message: EndedMessage,
    ending: Ending,
    result: SettlementResult | undefined,
  ): void;
}

/**
 * What became of a basic.get: `wait` when there is a message, but not before what was recorded by now is durable; ask again
 * then.
 */
export type GetOutcome = 'delivered' | 'empty' | 'wait';

/** How to look at a message whose page is not in memory: read it now, or have it fetched and do without it meanwhile. */
type Look = 'now' | 'when resident';

/** Times in core time; Infinity: never, or not known. */
export interface QueueObstacles {
  /** The next message is on the disk, and its page on the way. */
  readonly isFetchingPage: boolean;
  /** How far the lane may deliver is not yet on the disk. */
  readonly awaitsReach: boolean;
  /** When the first message that waits for its delayed retry is ready again. */
  readonly heldUntilMs: number;
  readonly headExpiresMs: number;
}

/** Who has messages of queues that belong to no consumer any more. */
export interface MessageHolder {
  onQueueGone(queue: Queue): void;
}

/** Who asks with basic.get. */
export interface GetTarget {
  deliverGet(lane: Lane, seq: number, redelivered: boolean, noAck: boolean): void;
}

export interface QueueDeclaration {
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** The connection that an exclusive queue belongs to. */
  readonly exclusiveOwner: ExclusiveOwner | undefined;
  readonly arguments: FieldTable;
}

export class Queue implements LaneOwner, ConsumedQueue, Pumpable, CountedQueue {
  readonly kind = 'queue';
  readonly vhost: QueueHost;
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly exclusiveOwner: ExclusiveOwner | undefined;
  readonly arguments: FieldTable;
  /** Whether it is there again after a restart, with its persistent messages: what happens to them is recorded. */
  readonly isRecorded: boolean;
  /** Its own arguments, before policies. */
  readonly declared: QueueArguments;
  /** Its arguments and the policies that hold for it now. */
  settings: QueueArguments;
  readonly consumers: ConsumerSet = new ConsumerSet();
  deleted = false;
  /** In the list of queues to be pumped. */
  due = false;
  /** Set by routing to visit each destination once. */
  routeMark = 0;
  readyCount = 0;
  readyBytes = 0;
  unackedCount = 0;
  /** Of the bodies of all that was ever delivered: their mean size is what an unacked one has, about. */
  #deliveredBytes = 0;
  readonly counters: MessageCounters = new MessageCounters();
  readonly activity: QueueActivity;
  /** Messages that an earlier run left. */
  readonly restoredCount: number;
  /** What the seqs of all lanes together were when no message of this run had come, less `restoredCount`. */
  readonly #seqsBefore: number;
  /** The lanes, by priority; a queue without priorities has one. */
  readonly #lanes: Lane[] = [];
  readonly #runtime: Runtime;
  /** A message with an expiration of its own came since the queue was last empty. */
  #sawExpiration = false;
  /**
   * Somebody wants to know of its deliveries, or the outcome of any of its messages: one look per delivery, and per settlement, for
   * all who do. True now and then without need.
   */
  #isWatched: boolean;
  readonly #outcomes: QueueOutcomes;
  readonly #expiry: Deadline;
  readonly #unused: Deadline;
  readonly #held: HeldMessages;
  #activeConsumer: Consumer | undefined;
  /** A page is on its way into memory, and the queue is due when it is there. */
  #isFetching = false;
  /** An operator stopped it: it takes messages in and gives none out. */
  #isPaused = false;
  /** It had a consumer that was there to stay: an auto-delete queue goes once all have gone. */
  #hadConsumer = false;
  /** Told when the queue is gone. */
  #holder: MessageHolder | undefined;

  /** `laneId`: of a queue that is there again after a restart, its first lane. */
  constructor(
    runtime: Runtime,
    vhost: QueueHost,
    properties: QueueDeclaration,
    declared: QueueArguments,
    laneId?: number,
  ) {
    this.#runtime = runtime;
    this.vhost = vhost;
    this.name = properties.name;
    this.durable = properties.durable;
    this.autoDelete = properties.autoDelete;
    this.exclusiveOwner = properties.exclusiveOwner;
    this.arguments = properties.arguments;
    this.declared = declared;
    this.settings = declared;
    this.#isWatched = this.#isAlwaysWatched;
    this.isRecorded = runtime.store.survives && this.durable && this.exclusiveOwner === undefined;
    this.#expiry = runtime.makeDeadline(() => this.#markDue());
    this.#unused = runtime.makeDeadline(() => vhost.removeQueue(this));
    this.#outcomes = new QueueOutcomes(runtime, this);
    this.#held = new HeldMessages(runtime, this.#lanes, (lane, seq) => this.#makeReady(lane, seq));
    for (let priority = 0; priority <= (declared.maxPriority ?? 0); priority++) {
      if (laneId !== undefined) this.#adoptLane(laneId + priority);
      else this.#lanes.push(this.isRecorded ? runtime.makeRecordedLane(this) : runtime.makeLane(this));
    }
    this.restoredCount = this.messageCount;
    this.#seqsBefore = this.#seqs - this.restoredCount;
    this.activity = new QueueActivity(runtime.statistics, this);
  }

  /** The number of its first lane; those of higher priorities have the numbers that follow. */
  get laneId(): number {
    return (this.#lanes[0] as Lane).id;
  }

  get heldCount(): number {
    return this.#held.count;
  }

  get messageCount(): number {
    return this.readyCount + this.unackedCount + this.#held.count;
  }

  /** Messages that ever came in, those that an earlier run left included. What went out is this less `messageCount`. */
  get enqueuedCount(): number {
    return this.#seqs - this.#seqsBefore;
  }

  /**
   * When the oldest ready message came, in core time. Undefined when none is ready, or its page is not in memory and is not to be
   * read from the disk for this.
   */
  oldestReadyArrivalMs(look: 'read' | 'when resident'): number | undefined {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      if (lane.readyCount === 0) continue;
      const position = lane.position(lane.peek());
      const runtime = this.#runtime;
      const record = look === 'read' ? runtime.readRecord(position) : runtime.readResident(position);
      if (record === undefined) return undefined;
      oldestMs = Math.min(oldestMs, record.arrivalMs);
    }
    return oldestMs === Number.POSITIVE_INFINITY ? undefined : oldestMs;
  }

  get #seqs(): number {
    let seqs = 0;
    for (const lane of this.#lanes) seqs += lane.nextSeq;
    return seqs;
  }

  /** The bodies of its unacked messages, about: exact while all messages are of one size. */
  get unackedBytes(): number {
    const delivered = this.counters.deliverGet;
    return delivered === 0 ? 0 : Math.round((this.unackedCount * this.#deliveredBytes) / delivered);
  }

  /** The record of the message that is the next to be delivered; undefined when there is none, or it is not in memory. */
  get headRecord(): MessageRecord | undefined {
    if (this.readyCount === 0) return undefined;
    const lane = this.#nextLane();
    return this.#runtime.readResident(lane.position(lane.peek()));
  }

  /** What its index takes. */
  get memoryBytes(): number {
    return this.#lanes.reduce((bytes, lane) => bytes + lane.memoryBytes, 0);
  }

  get showsDeliveryCount(): boolean {
    return this.settings.type === 'quorum';
  }

  get activeConsumer(): Consumer | undefined {
    return this.#activeConsumer;
  }

  get consumerCount(): number {
    return this.consumers.size;
  }

  /** Whether a message is in the queue, in whatever state. */
  holds({ laneId, seq }: MessageOrigin): boolean {
    const lane = this.#lanes.find(({ id }) => id === laneId);
    return lane !== undefined && lane.position(seq) >= 0 && !lane.isDiscarded(seq);
  }

  // ---- messages in ----

  /**
   * Whether a message, or `count` with `bodyBytes` together, can be enqueued: false when the queue refuses it (overflow
   * reject-publish) although its consumers have taken what they could by now. Runs per message.
   */
  makeRoom(bodyBytes: number, count = 1): boolean {
    if (this.#dropsHead || !this.#wouldOverflow(bodyBytes, count)) return true;
    this.#moveReady();
    return !this.#wouldOverflow(bodyBytes, count);
  }

  /** The lane that a message of this priority goes to. Runs per message. */
  laneFor(priority: number): Lane {
    const lanes = this.#lanes;
    if (lanes.length === 1) return lanes[0] as Lane;
    return lanes[Math.min(priority, lanes.length - 1)] as Lane;
  }

  /** The record at `position` was written for the next seq of `lane`. Runs per message. */
  enqueue(lane: Lane, position: number, bodyBytes: number, expirationMs: number, wantsOutcome = false): void {
    lane.push(position);
    this.readyCount++;
    this.readyBytes += bodyBytes;
    if (expirationMs !== NO_EXPIRATION) this.#sawExpiration = true;
    if (wantsOutcome) this.#isWatched = true;
    if (!this.due) this.#runtime.markDue(this);
  }

  /** Drops what is over the queue's limits. To be called after `enqueue`. Runs per message. */
  trim(): void {
    if (this.settings.maxLength !== undefined || this.settings.maxLengthBytes !== undefined)
      this.#dropExcess();
  }

  // ---- messages out ----

  /** Moves what can move now, a bounded number of messages, and returns how many. Runs once a turn while the queue is due. */
  pump(): number {
    this.due = false;
    if (this.deleted) return 0;
    this.activity.touch();
    const dropped = this.#dropHeads();
    return dropped + this.#moveReady();
  }

  /** Lets messages expire and consumers take what they can. Returns how many messages moved. */
  #moveReady(): number {
    const moved = this.#mayExpire ? this.#expireAndDeliver() : this.#deliverReady();
    if (this.isRecorded && this.consumers.size > 0) {
      for (const lane of this.#lanes) this.#runtime.extendReach(lane);
    }
    return moved;
  }

  #expireAndDeliver(): number {
    let expired = this.#dropExpired(EXPIRIES_PER_TURN, 'when resident');
    let delivered = 0;
    while (delivered < DELIVERIES_PER_TURN && expired < EXPIRIES_PER_TURN && this.#deliverNext()) {
      delivered++;
      expired += this.#dropExpired(EXPIRIES_PER_TURN - expired, 'when resident');
    }
    if (delivered === DELIVERIES_PER_TURN || expired === EXPIRIES_PER_TURN) this.#markDue();
    expired += this.#dropExpiring(EXPIRIES_PER_TURN - expired);
    this.#scheduleExpiry();
    return delivered + expired;
  }

  #deliverReady(): number {
    let delivered = 0;
    while (delivered < DELIVERIES_PER_TURN && this.#deliverNext()) delivered++;
    if (delivered === DELIVERIES_PER_TURN) this.#markDue();
    return delivered;
  }

  /**
   * Returns false when no message is ready or no consumer can take it, or when the message has to wait: for its lane's
   * reach, or for its page. The queue is marked due when the wait is over. Runs per delivery.
   */
  #deliverNext(): boolean {
    if (this.readyCount === 0 || this.#isPaused) return false;
    const lane = this.#nextLane();
    if (!lane.mayDeliver) return false;
    for (;;) {
      const consumer = this.consumers.take();
      if (consumer === undefined) return false;
      if (consumer.canTake && this.#isServed(consumer)) return this.#deliver(lane, consumer);
      consumer.parkedMs = this.#runtime.now();
      this.consumers.park(consumer);
    }
  }

  /** basic.get: takes the next message for `target` and has it written. */
  get(target: GetTarget, noAck: boolean): GetOutcome {
    this.touch();
    this.activity.touch();
    if (this.#mayExpire) this.#dropExpired(EXPIRIES_PER_TURN, 'now');
    if (this.readyCount === 0 || this.#isPaused) {
      this.counters.getEmpty++;
      return 'empty';
    }
    const lane = this.#nextLane();
    this.#runtime.extendReach(lane);
    if (!lane.mayDeliver) return 'wait';
    const redelivered = lane.nextIsReturned;
    const seq = this.#take(lane);
    // What comes next may have expired behind this one: it does not count any more.
    if (this.#mayExpire) this.#dropExpired(EXPIRIES_PER_TURN, 'now');
    this.#countGet(redelivered, noAck);
    this.#onGotten(lane, seq, redelivered);
    target.deliverGet(lane, seq, redelivered, noAck);
    if (noAck) this.#settleDelivered(lane, seq, undefined);
    else this.unackedCount++;
    // The message that is the head now may expire earlier than the one that was.
    if (this.#mayExpire) this.#markDue();
    return 'delivered';
  }

  /** An unacked message was acknowledged; `result`: what came of it. Runs per message. */
  acknowledge(lane: Lane, seq: number, result?: SettlementResult): void {
    if (this.deleted) return;
    this.unackedCount--;
    this.counters.ack++;
    this.#settleDelivered(lane, seq, result);
  }

  /**
   * An unacked message comes back to its old place, maybe after a delay: `askedDelayMs`, or what the delayed retry of the queue
   * says.
   */
  requeue(lane: Lane, seq: number, cause: RequeueCause, askedDelayMs?: number): void {
    if (this.deleted) return;
    this.unackedCount--;
    this.activity.touch();
    const isWanted = this.#isWatched && this.#outcomes.isWanted(lane, seq);
    const returns = isWanted || this.#countsReturns ? lane.countReturn(seq) : 0;
    const { deliveryLimit, delayedRetry } = this.settings;
    if (deliveryLimit !== undefined && returns > deliveryLimit) {
      this.#bury(lane, seq, 'delivery_limit');
      return;
    }
    if (isWanted) this.#outcomes.returned(lane, seq);
    const ownDelayMs = delayedRetry === undefined ? 0 : retryDelayMs(delayedRetry, cause, returns);
    const delayMs = askedDelayMs ?? ownDelayMs;
    const heldUntilMs = delayMs > 0 ? this.#runtime.now() + delayMs : NOT_HELD;
    // What is released later needs no note: a time that has passed holds nothing back.
    if (this.isRecorded && (returns > 0 || heldUntilMs !== NOT_HELD))
      this.#runtime.store.note(lane.id, seq, returns, heldUntilMs);
    if (heldUntilMs === NOT_HELD) this.#makeReady(lane, seq);
    else this.#held.add(lane, seq, heldUntilMs);
  }

  /** An unacked message was rejected without requeue; `result`: what its consumer says of it, an error maybe. */
  reject(lane: Lane, seq: number, result?: SettlementResult): void {
    if (this.deleted) return;
    this.unackedCount--;
    this.counters.reject++;
    this.activity.touch();
    this.#bury(lane, seq, 'rejected', result);
  }

  /** To look at its ready messages without changing anything. */
  browser(): QueueBrowser {
    return new QueueBrowser(this.#runtime, this.#lanes);
  }

  /**
   * Hands the next ready message to `publish`, which puts it elsewhere, and then it is settled here: in one group, so that a crash
   * leaves it in one of the two places. When `publish` returns false, or throws, it is as it was. `wait`: as for `get`. The message
   * is no repetition where it goes, although it may have been there before: it would be lost.
   */
  moveNext(publish: (publication: Publication) => boolean): 'moved' | 'kept' | 'empty' | 'wait' {
    this.activity.touch();
    if (this.#mayExpire) this.#dropExpired(EXPIRIES_PER_TURN, 'now');
    if (this.readyCount === 0) return 'empty';
    const lane = this.#nextLane();
    this.#runtime.extendReach(lane);
    if (!lane.mayDeliver) return 'wait';
    return this.#moveOut(lane, lane.peek(), publish) ? 'moved' : 'kept';
  }

  /**
   * As `moveNext`, of the message at a place that a browser has shown, whosever turn it is. `gone`: it is not ready any more.
   * `wait`: its page is not in memory any more; a browser at its place fetches it.
   */
  moveAt(
    place: BrowsePlace,
    publish: (publication: Publication) => boolean,
  ): 'moved' | 'kept' | 'gone' | 'wait' {
    const lane = this.#laneOfReady(place);
    if (lane === undefined) return 'gone';
    if (this.#runtime.readResident(lane.position(place.seq)) === undefined) return 'wait';
    this.activity.touch();
    return this.#moveOut(lane, place.seq, publish) ? 'moved' : 'kept';
  }

  /** Removes the message at a place that a browser has shown. `gone` and `wait`: as for `moveAt`. */
  dropAt(place: BrowsePlace): 'dropped' | 'gone' | 'wait' {
    const lane = this.#laneOfReady(place);
    if (lane === undefined) return 'gone';
    const { seq } = place;
    const record = this.#runtime.readResident(lane.position(seq));
    if (record === undefined) return 'wait';
    this.activity.touch();
    const position = this.#takeAt(lane, seq, record.bodyEnd - record.bodyStart);
    if (this.#isWatched) this.#outcomes.dropped(lane, seq, 'purged', record);
    this.#runtime.settle(lane, seq, position);
    return 'dropped';
  }

  #laneOfReady({ priority, seq }: BrowsePlace): Lane | undefined {
    const lane = this.deleted ? undefined : this.#lanes[priority];
    return lane?.isReady(seq) === true ? lane : undefined;
  }

  /** Returns false, and the message is as it was, unless `publish` has put it elsewhere. */
  #moveOut(lane: Lane, seq: number, publish: (publication: Publication) => boolean): boolean {
    const record = this.#runtime.readRecord(lane.position(seq));
    const publication = Publication.fromRecord(record);
    const bodyBytes = record.bodyEnd - record.bodyStart;
    publication.mayRepeat = true;
    const wasReturned = seq < lane.cursor;
    const position = this.#takeAt(lane, seq, bodyBytes);
    this.unackedCount++;
    let isMoved = false;
    try {
      isMoved = publish(publication);
    } finally {
      this.unackedCount--;
      if (isMoved) this.#runtime.settle(lane, seq, position);
      else {
        lane.putBack(seq, position, wasReturned);
        this.#onReadyAgain(bodyBytes);
      }
    }
    return isMoved;
  }

  /** Returns its position, which the lane does not know any more. */
  #takeAt(lane: Lane, seq: number, bodyBytes: number): number {
    this.readyCount--;
    this.readyBytes -= bodyBytes;
    // What is the head now may expire earlier than what was.
    if (this.#mayExpire) this.#markDue();
    return lane.takeAt(seq);
  }

  /** Removes all ready messages; the next turns give their room back. Returns how many. */
  purge(): number {
    const count = this.readyCount;
    this.activity.touch();
    this.#watchDiscarded();
    for (const lane of this.#lanes) this.#runtime.discardReady(lane);
    this.readyCount = 0;
    this.readyBytes = 0;
    return count;
  }

  // ---- pausing ----

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * Nothing is delivered any more, neither to consumers nor to basic.get, until `resume`. All else goes on: what is unacked can
   * be settled, messages come in, expire and are dropped. `VirtualHost.setPaused` records it, too.
   */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#markDue();
  }

  /** What keeps ready messages from consumers that could take them. Changes nothing. */
  get obstacles(): QueueObstacles {
    return {
      isFetchingPage: this.#isFetching,
      awaitsReach: this.readyCount > 0 && !this.#nextLane().mayDeliver,
      heldUntilMs: this.#held.nextMs,
      headExpiresMs: this.#headExpiresMs,
    };
  }

  get #headExpiresMs(): number {
    if (this.readyCount === 0 || !this.#mayExpire) return Number.POSITIVE_INFINITY;
    const lane = this.#nextLane();
    const record = this.#runtime.readResident(lane.position(lane.peek()));
    return record === undefined ? Number.POSITIVE_INFINITY : this.#expiryOf(record);
  }

  /** `holder` has unacked messages that are in no channel. It is one for all queues. */
  setHolder(holder: MessageHolder): void {
    this.#holder = holder;
  }

  /** Lets go of everything the queue holds, its room in the next turns; the caller has taken it out of the vhost. */
  dispose(): void {
    this.deleted = true;
    this.#watchDiscarded();
    this.#runtime.deadlines.clear(this.#expiry);
    this.#runtime.deadlines.clear(this.#unused);
    this.#held.clear();
    for (const lane of this.#lanes) this.#runtime.discard(lane);
    this.readyCount = 0;
    this.readyBytes = 0;
    this.unackedCount = 0;
    for (const consumer of [...this.consumers]) consumer.target.onQueueDeleted(consumer);
    this.#holder?.onQueueGone(this);
    this.activity.end();
  }

  // ---- consumers ----

  addConsumer(consumer: Consumer): void {
    this.consumers.add(consumer);
    if (!consumer.isPassing) this.#hadConsumer = true;
    this.activity.addConsumers(1, this.#runtime.now());
    this.#runtime.deadlines.clear(this.#unused);
    this.#electActiveConsumer();
    this.#markDue();
  }

  removeConsumer(consumer: Consumer): void {
    this.consumers.remove(consumer);
    this.activity.addConsumers(-1, this.#runtime.now());
    this.consumerBecameIdle(consumer);
    this.activity.touch();
    if (this.#activeConsumer === consumer) this.#activeConsumer = undefined;
    this.#electActiveConsumer();
    if (this.deleted || this.consumers.size > 0) return;
    if (this.autoDelete && this.#hadConsumer) this.vhost.removeQueue(this);
    else this.touch();
  }

  consumerBecameBusy(consumer: Consumer): void {
    consumer.isBusy = true;
    this.activity.addBusy(1, this.#runtime.now());
  }

  consumerBecameIdle(consumer: Consumer): void {
    if (!consumer.isBusy) return;
    consumer.isBusy = false;
    this.activity.addBusy(-1, this.#runtime.now());
  }

  /** `consumer` may be able to take messages again. */
  unpark(consumer: Consumer): void {
    if (this.consumers.unpark(consumer) && this.readyCount > 0) this.#markDue();
  }

  /** Whether a message is ready that consumers may get soon: its page or its lane's reach is on the way. */
  get isDeliveryPending(): boolean {
    if (this.readyCount === 0 || this.#isPaused) return false;
    return this.due || this.#isFetching || !this.#nextLane().mayDeliver;
  }

  get hasExclusiveConsumer(): boolean {
    return this.consumers.first?.exclusive === true;
  }

  /** Somebody used the queue: x-expires counts from now. */
  touch(): void {
    const { expiresMs } = this.settings;
    const unused = this.consumers.size === 0 && !this.deleted;
    const atMs =
      unused && expiresMs !== undefined ? this.#runtime.now() + expiresMs : Number.POSITIVE_INFINITY;
    this.#runtime.deadlines.set(this.#unused, atMs);
  }

  /** Other arguments hold from now on (a policy changed). */
  applySettings(settings: QueueArguments): void {
    const expiresChanged = settings.expiresMs !== this.settings.expiresMs;
    this.restoreSettings(settings);
    if (expiresChanged) this.touch();
    this.#dropExcess();
    this.#markDue();
  }

  /** They hold, but are not applied to what is there: after a restart, when not everything is there yet. */
  restoreSettings(settings: QueueArguments): void {
    this.settings = settings;
    this.#isWatched ||= this.#isAlwaysWatched;
  }

  // ---- inside ----

  get #mayExpire(): boolean {
    return this.#sawExpiration || this.settings.messageTtlMs !== undefined;
  }

  /** Whether a requeue is counted: a limit or a header depends on it. */
  get #countsReturns(): boolean {
    const { type, deliveryLimit, delayedRetry } = this.settings;
    return type === 'quorum' || deliveryLimit !== undefined || delayedRetry !== undefined;
  }

  /** A lane that could not deliver any further may go on. */
  onReach(): void {
    if (this.readyCount > 0) this.#markDue();
  }

  /** Takes over a lane of an earlier run, with all that is in it. */
  #adoptLane(id: number): void {
    const restored = this.#runtime.takeRestored(id);
    const { lane } = restored;
    const held = restored.adopt(this);
    this.#lanes.push(lane);
    for (const { seq, dueMs } of held) this.#held.add(lane, seq, dueMs);
    this.readyCount += lane.readyCount;
    this.readyBytes += restored.readyBytes(held);
    this.#sawExpiration ||= restored.sawExpiration;
    this.#isWatched ||= restored.sawOutcome;
    // What has expired, or is held, is seen to in the next turn.
    if (lane.readyCount + held.length > 0) this.#markDue();
  }

  #markDue(): void {
    if (!this.deleted) this.#runtime.markDue(this);
  }

  #isServed(consumer: Consumer): boolean {
    return !this.settings.singleActiveConsumer || consumer === this.#activeConsumer;
  }

  #electActiveConsumer(): void {
    if (!this.settings.singleActiveConsumer || this.#activeConsumer !== undefined) return;
    const next = this.consumers.first;
    this.#activeConsumer = next;
    if (next !== undefined) this.unpark(next);
  }

  /** The lane of the highest priority with a ready message. Only with readyCount > 0. */
  #nextLane(): Lane {
    const lanes = this.#lanes;
    let index = lanes.length - 1;
    while (index > 0 && (lanes[index] as Lane).readyCount === 0) index--;
    return lanes[index] as Lane;
  }

  /** Returns false when the message is not in memory: it stays, and it is the turn of `consumer` again. Runs per delivery. */
  #deliver(lane: Lane, consumer: Consumer): boolean {
    const position = lane.position(lane.peek());
    const record = this.#runtime.readResident(position);
    if (record === undefined) {
      this.consumers.putBack(consumer);
      this.#fetch(position);
      return false;
    }
    const redelivered = lane.nextIsReturned;
    const seq = lane.take();
    const bodyBytes = record.bodyEnd - record.bodyStart;
    this.readyCount--;
    this.readyBytes -= bodyBytes;
    this.#deliveredBytes += bodyBytes;
    const { counters } = this;
    if (redelivered) counters.redeliver++;
    if (this.#isWatched) this.#onDelivered(lane, seq, record, redelivered, consumer.consumerTag);
    consumer.target.deliver(consumer, lane, seq, redelivered, record);
    if (consumer.noAck) {
      counters.deliverNoAck++;
      if (this.#isWatched) this.#outcomes.settled(lane, seq, 'acknowledged', undefined);
      this.#settleAt(lane, seq, position);
    } else {
      counters.deliver++;
      this.unackedCount++;
    }
    return true;
  }

  /** Has the page of `position` brought into memory; until then the queue does without it. */
  #fetch(position: number): void {
    if (this.#isFetching) return;
    this.#isFetching = true;
    this.#runtime.store.fetch(position, () => {
      this.#isFetching = false;
      this.#markDue();
    });
  }

  /** What cannot be read stays where it is. */
  #take(lane: Lane): number {
    const bodyBytes = this.#bodyBytes(lane, lane.peek());
    this.readyCount--;
    this.readyBytes -= bodyBytes;
    return lane.take();
  }

  #bodyBytes(lane: Lane, seq: number): number {
    const position = lane.position(seq);
    return bodyBytesOf(this.#runtime.store.pageOf(position), position);
  }

  #settle(lane: Lane, seq: number): void {
    this.#runtime.settle(lane, seq, lane.position(seq));
  }

  /** Somebody got the message and is done with it. Runs per message. */
  #settleDelivered(lane: Lane, seq: number, result: SettlementResult | undefined): void {
    if (this.#isWatched) this.#outcomes.settled(lane, seq, 'acknowledged', result);
    this.#settleAt(lane, seq, lane.position(seq));
  }

  #settleAt(lane: Lane, seq: number, position: number): void {
    if (--this.activity.untilMeasured === 0) this.#measure(position);
    this.#runtime.settle(lane, seq, position);
  }

  #measure(position: number): void {
    this.activity.measure(this.#runtime.readResident(position)?.arrivalMs, this.#runtime.now());
  }

  #onGotten(lane: Lane, seq: number, redelivered: boolean): void {
    const record = this.#runtime.readRecord(lane.position(seq));
    this.#deliveredBytes += record.bodyEnd - record.bodyStart;
    if (this.#isWatched) this.#onDelivered(lane, seq, record, redelivered, undefined);
  }

  /** For those who watch. `consumerTag`: undefined for basic.get. */
  #onDelivered(
    lane: Lane,
    seq: number,
    record: MessageRecord,
    redelivered: boolean,
    consumerTag: string | undefined,
  ): void {
    this.#outcomes.delivered(lane, seq, record);
    const { messageTracer } = this.#runtime;
    if (messageTracer !== undefined) this.#traceDelivery(messageTracer, record, redelivered, consumerTag);
  }

  #traceDelivery(
    tracer: MessageTracer,
    record: MessageRecord,
    redelivered: boolean,
    consumerTag: string | undefined,
  ): void {
    const message = tracedRecord(record, this.vhost.name);
    if (message === undefined) return;
    const waitedMs = this.#runtime.now() - record.arrivalMs;
    tracer.onDeliver(message, { queue: this.name, consumerTag, redelivered, waitedMs });
  }

  #countGet(redelivered: boolean, noAck: boolean): void {
    if (noAck) this.counters.getNoAck++;
    else this.counters.get++;
    if (redelivered) this.counters.redeliver++;
  }

  /** What cannot be read stays where it is. */
  #makeReady(lane: Lane, seq: number): void {
    const bodyBytes = this.#bodyBytes(lane, seq);
    lane.giveBack(seq);
    this.#onReadyAgain(bodyBytes);
  }

  #onReadyAgain(bodyBytes: number): void {
    this.readyCount++;
    this.readyBytes += bodyBytes;
    // Before anything is delivered, as in RabbitMQ: what comes back does not push a message to a waiting consumer.
    this.#dropHeads();
    this.#markDue();
  }

  /** Ends a message that is taken: to the dead-letter exchange if there is one. */
  #bury(lane: Lane, seq: number, reason: DeathReason, result?: SettlementResult): void {
    if (this.#isWatched) this.#keepBuried(lane, seq, reason, result);
    if (this.settings.deadLetterExchange !== undefined) this.vhost.deadLetter(this, lane, seq, reason);
    this.#settle(lane, seq);
  }

  // ---- outcomes ----

  /** Whatever messages are in it. */
  get #isAlwaysWatched(): boolean {
    return this.#runtime.messageTracer !== undefined || this.settings.outcomeTtlMs !== undefined;
  }

  /** For `QueueOutcomes`. */
  keepOutcome(message: EndedMessage, ending: Ending, result: SettlementResult | undefined): void {
    this.vhost.keepOutcome(this, message, ending, result);
    if (this.messageCount === 0) this.#isWatched = this.#isAlwaysWatched;
  }

  #keepBuried(lane: Lane, seq: number, reason: DeathReason, result: SettlementResult | undefined): void {
    const wasDelivered = reason === 'rejected' || reason === 'delivery_limit';
    if (wasDelivered) this.#outcomes.settled(lane, seq, reason, result);
    else this.#outcomes.dropped(lane, seq, reason, this.#runtime.readRecord(lane.position(seq)));
  }

  /** What is purged, or goes with the queue, has an outcome, too: when its room is given back, in the next turns. */
  #watchDiscarded(): void {
    if (!this.#isWatched) return;
    for (const lane of this.#lanes) {
      lane.onDiscarded ??= (seq, position) =>
        this.#outcomes.discarded(lane, seq, position, this.deleted ? 'deleted' : 'purged');
    }
  }

  get #dropsHead(): boolean {
    const { overflow } = this.settings;
    return overflow === undefined || overflow === 'drop-head';
  }

  #wouldOverflow(bodyBytes: number, count: number): boolean {
    const { maxLength, maxLengthBytes } = this.settings;
    if (maxLength !== undefined && this.readyCount + count > maxLength) return true;
    return maxLengthBytes !== undefined && this.readyBytes + bodyBytes > maxLengthBytes;
  }

  get #isOverLimit(): boolean {
    const { maxLength, maxLengthBytes } = this.settings;
    if (maxLength !== undefined && this.readyCount > maxLength) return true;
    return maxLengthBytes !== undefined && this.readyBytes > maxLengthBytes;
  }

  #dropExcess(): void {
    if (!this.#dropsHead || !this.#isOverLimit) return;
    this.#moveReady();
    this.#dropHeads();
  }

  /** Drops what is over the limit, a bounded number (a policy may have lowered the limit). Returns how many. */
  #dropHeads(): number {
    if (!this.#dropsHead) return 0;
    let dropped = 0;
    while (dropped < EXPIRIES_PER_TURN && this.readyCount > 0 && this.#isOverLimit) {
      const lane = this.#leastLane();
      this.#bury(lane, this.#take(lane), 'maxlen');
      dropped++;
    }
    if (dropped === EXPIRIES_PER_TURN) this.#markDue();
    return dropped;
  }

  /** The lane that gives way when the queue is too long: the lowest priority with a ready message. */
  #leastLane(): Lane {
    let index = 0;
    while ((this.#lanes[index] as Lane).readyCount === 0) index++;
    return this.#lanes[index] as Lane;
  }

  /** Drops messages whose time is over from the head of each lane. Returns how many. */
  #dropExpired(countMax: number, look: Look): number {
    let dropped = 0;
    for (const lane of this.#lanes) {
      while (dropped < countMax && lane.readyCount > 0 && this.#expiresAt(lane, look) < this.#runtime.now()) {
        this.#bury(lane, this.#take(lane), 'expired');
        dropped++;
      }
    }
    return dropped;
  }

  /** After everything that could be delivered was: messages whose time is now go, too. Returns how many. */
  #dropExpiring(countMax: number): number {
    let dropped = 0;
    for (const lane of this.#lanes) {
      while (
        dropped < countMax &&
        !this.due &&
        lane.readyCount > 0 &&
        this.#expiresAt(lane, 'when resident') <= this.#runtime.now()
      ) {
        this.#bury(lane, this.#take(lane), 'expired');
        dropped++;
      }
    }
    if (dropped === countMax) this.#markDue();
    return dropped;
  }

  #scheduleExpiry(): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      if (lane.readyCount > 0) nextMs = Math.min(nextMs, this.#expiresAt(lane, 'when resident'));
    }
    this.#runtime.deadlines.set(this.#expiry, nextMs);
    if (this.messageCount === 0) this.#sawExpiration = false;
  }

  /**
   * When the head of `lane` expires; Infinity while that is not known, and then the queue is due once it is. A message whose
   * time is now may still be delivered.
   */
  #expiresAt(lane: Lane, look: Look): number {
    const position = lane.position(lane.peek());
    const runtime = this.#runtime;
    const record = look === 'now' ? runtime.readRecord(position) : runtime.readResident(position);
    if (record === undefined) {
      this.#fetch(position);
      return Number.POSITIVE_INFINITY;
    }
    return this.#expiryOf(record);
  }

  #expiryOf(record: MessageRecord): number {
    const own = record.expirationMs === NO_EXPIRATION ? Number.POSITIVE_INFINITY : record.expirationMs;
    return record.arrivalMs + Math.min(own, this.settings.messageTtlMs ?? Number.POSITIVE_INFINITY);
  }
}
