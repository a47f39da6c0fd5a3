/**
 * A replay: takes messages out of a queue one by one, each as a whole, and puts them where they are to go, no faster than it is told to.
 *
 *                  all are moved
 *     running --------------------------------------------> done
 *        |------- a message came back, or somebody stops it -> stopped
 *        `------- a message is refused, or a right, the queue or the user is gone -> failed
 *
 * It does what the user may do who started it, and no longer than that one may. What comes to the queue after its start is none of
 * its messages, so it ends although they come back; what came back is still counted when it has ended.
 */

import { decodeProperties } from '../../codec/properties.ts';
import type { Deadline } from '../../core/deadlines.ts';
import { ChannelError } from '../../core/errors.ts';
import type { Publication } from '../../core/message/publication.ts';
import type { Queue } from '../../core/queue/queue.ts';
import type { BrowsedMessage, BrowsePlace } from '../../core/queue/queue-browser.ts';
import type { Session } from '../../core/session/session.ts';
import type { PublishOutcome } from '../../core/vhost/virtual-host.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import type { Mover } from './message-mover.ts';
import { problemOf } from './problem.ts';
import { diedAs, type ReplayInput } from './replay-input.ts';
import { ReplayReturns } from './replay-returns.ts';
import { fetchMessage, LOOKED_AT_MAX, scanQueue } from './scan-queue.ts';

const ID_LENGTH = 12;
/** Messages that are found before they are moved. */
const FOUND_MAX = 64;
/** How far a replay that was held up may run ahead of its rate to make up for it. */
const CATCH_UP_MS = 1000;
const ALARM_PAUSE_MS = 1000;
/** amqp: what a message says of itself, and may not. */
const PRECONDITION_FAILED = 406;

type ReplayState = 'running' | 'done' | 'stopped' | 'failed';

interface ReplayEnd {
  readonly state: Exclude<ReplayState, 'running'>;
  readonly reason: string | null;
  /** Core time. */
  readonly atMs: number;
  /** By the clock on the wall. */
  readonly at: string;
}

export class ReplayJob {
  readonly id: string;
  readonly queue: Queue;
  readonly #context: ManagementContext;
  readonly #session: Session;
  readonly #input: ReplayInput;
  readonly #mover: Mover;
  readonly #returns: ReplayReturns;
  readonly #total: number | null;
  readonly #startedAt: string;
  /** Another one means that its password or tags were changed, or that it is another user of that name. */
  readonly #userVersion: number | undefined;
  readonly #pause: Deadline;
  #wake: () => void = () => {};
  /** When the next message may be moved, in core time. */
  #nextMs: number;
  #moved = 0;
  #failed = 0;
  #skipped = 0;
  #skippedBecause: string | null = null;
  #end: ReplayEnd | undefined;

  constructor(context: ManagementContext, session: Session, queue: Queue, input: ReplayInput, mover: Mover) {
    const { runtime, access } = context.broker;
    this.id = runtime.randomName(ID_LENGTH);
    this.queue = queue;
    this.#context = context;
    this.#session = session;
    this.#input = input;
    this.#mover = mover;
    this.#returns = new ReplayReturns(context.broker, queue);
    this.#total = totalOf(input, queue);
    this.#startedAt = this.#wallTime();
    this.#userVersion = access.users.get(session.username)?.version;
    this.#pause = runtime.makeDeadline(() => this.#wake());
    this.#nextMs = runtime.now();
  }

  get isRunning(): boolean {
    return this.#end === undefined;
  }

  /** Core time; undefined while it runs. */
  get endedMs(): number | undefined {
    return this.#end?.atMs;
  }

  /** Moves the messages. Resolves when it has ended, however that is. */
  async run(): Promise<void> {
    try {
      await this.#moveAll(await SlicedWork.begin());
      await durable(this.#context);
      this.#becomeEnded('done', null);
    } catch (error) {
      this.#becomeEnded('failed', this.#reasonOf(error));
    }
  }

  stop(reason: string): void {
    this.#becomeEnded('stopped', reason);
  }

  /** Counts what came back. */
  async look(work: SlicedWork): Promise<void> {
    this.#failed += await this.#returns.look(work);
    if (this.#failed > 0 && this.#input.stopOnFailure)
      this.#becomeEnded('stopped', `a message came back to queue '${this.queue.name}': it failed again`);
  }

  json(): Record<string, unknown> {
    const { which, to, ratePerSecond, stopOnFailure } = this.#input;
    return {
      id: this.id,
      state: this.#end?.state ?? 'running',
      which: which.kind === 'filter' ? which.filter : which.kind,
      to:
        to === undefined
          ? null
          : { queue: to.raw('queue'), exchange: to.raw('exchange'), routing_key: to.raw('routing_key') },
      total: this.#total,
      moved: this.#moved,
      failed: this.#failed,
      skipped: this.#skipped,
      skipped_because: this.#skippedBecause,
      rate_per_second: ratePerSecond ?? null,
      stop_on_failure: stopOnFailure,
      started_by: this.#session.username,
      started_at: this.#startedAt,
      ended_at: this.#end?.at ?? null,
      stop_reason: this.#end?.reason ?? null,
    };
  }

  // ---- moving ----

  async #moveAll(work: SlicedWork): Promise<void> {
    const { max = Number.POSITIVE_INFINITY } = this.#input;
    for await (const place of this.#places(work)) {
      await this.#whenDue();
      if (work.isDue) await work.pause();
      await this.look(work);
      if (!this.isRunning) return;
      this.#requireRights();
      await this.#moveOne(place);
      if (this.#moved >= max) return;
    }
  }

  /** Where its messages are, as they are found. */
  async *#places(work: SlicedWork): AsyncGenerator<BrowsePlace> {
    const { which } = this.#input;
    if (which.kind === 'positions') {
      yield* which.places;
      return;
    }
    let next: BrowsePlace | undefined = this.queue.browser().start;
    while (next !== undefined && this.isRunning && !this.queue.deleted) {
      const found: BrowsePlace[] = [];
      let newPriority: number | undefined;
      const scanned = await scanQueue(
        this.#context.broker,
        this.queue,
        next,
        LOOKED_AT_MAX,
        work,
        (message) => {
          if (!this.#returns.isOld(message)) newPriority = message.priority;
          else if (this.#isChosen(message)) found.push({ priority: message.priority, seq: message.seq });
          return newPriority === undefined && found.length < FOUND_MAX && this.isRunning;
        },
      );
      next = newPriority === undefined ? scanned.next : lowerPlace(newPriority);
      yield* found;
    }
  }

  #isChosen({ record }: BrowsedMessage): boolean {
    const { which } = this.#input;
    if (which.kind !== 'filter') return true;
    const properties = decodeProperties(record.bytes, record.addressEnd, record.bodyStart);
    return diedAs(properties, which.filter, this.queue.name);
  }

  async #moveOne(place: BrowsePlace): Promise<void> {
    const { broker } = this.#context;
    let outcome: PublishOutcome | undefined;
    let result = 'wait';
    try {
      while (result === 'wait') {
        result = this.queue.moveAt(place, (publication) => {
          outcome = this.#publish(publication);
          return outcome === 'routed';
        });
        if (result === 'wait') await fetchMessage(broker, this.queue, place);
      }
    } catch (error) {
      if (!(error instanceof ChannelError && error.replyCode === PRECONDITION_FAILED)) throw error;
      this.#skip(error.message);
      return;
    }
    if (result === 'moved') this.#onMoved();
    else if (result === 'gone') this.#skip('it was not ready any more');
    else this.#onKept(outcome);
  }

  #publish(publication: Publication): PublishOutcome {
    const properties = publication.properties();
    const { body, bodyStart, bodyEnd } = publication;
    const outcome = this.#mover(publication);
    if (outcome === 'routed') this.#returns.remember(properties, body.subarray(bodyStart, bodyEnd));
    return outcome;
  }

  #onMoved(): void {
    const { ratePerSecond } = this.#input;
    this.#moved++;
    if (ratePerSecond === undefined) return;
    const earliestMs = this.#context.broker.runtime.now() - CATCH_UP_MS;
    this.#nextMs = Math.max(this.#nextMs, earliestMs) + 1000 / ratePerSecond;
  }

  #onKept(outcome: PublishOutcome | undefined): void {
    if (outcome === 'refused') {
      this.#becomeEnded(
        'failed',
        'the next message was refused: a queue that it goes to is full; it stayed where it was',
      );
    } else if (this.#input.to === undefined) {
      this.#skip(
        "it does not say in x-death which queue it died in, or that is gone: name a queue or exchange in 'to'",
      );
    } else {
      this.#becomeEnded('failed', 'the next message leads to no queue; it stayed where it was');
    }
  }

  #skip(because: string): void {
    this.#skipped++;
    this.#skippedBecause = because;
  }

  /** ChannelError 403, 404. */
  #requireRights(): void {
    const { queue } = this;
    const { username, vhost } = this.#session;
    if (this.#context.broker.access.users.get(username)?.version !== this.#userVersion)
      throw new ReplayRefusal(`user '${username}' was deleted or changed`);
    if (queue.deleted) throw new ReplayRefusal(`queue '${queue.name}' in vhost '${vhost.name}' was deleted`);
    this.#session.authorize('queue', queue.name, 'read');
  }

  // ---- waiting ----

  /** Resolves when the next message may be moved: by the rate, and while publishers need not wait. */
  async #whenDue(): Promise<void> {
    const { broker } = this.#context;
    const { runtime } = broker;
    while (this.isRunning && runtime.now() < this.#nextMs) await this.#sleepUntil(this.#nextMs);
    while (this.isRunning && broker.alarmReason !== undefined)
      await this.#sleepUntil(runtime.now() + ALARM_PAUSE_MS);
    if (broker.storeIsBehind) await durable(this.#context);
  }

  #sleepUntil(atMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#context.broker.runtime.deadlines.set(this.#pause, atMs);
    });
  }

  // ---- the end ----

  /** Whatever ends it first counts. */
  #becomeEnded(state: ReplayEnd['state'], reason: string | null): void {
    if (this.#end !== undefined) return;
    const { runtime } = this.#context.broker;
    this.#end = { state, reason, atMs: runtime.now(), at: this.#wallTime() };
    runtime.deadlines.clear(this.#pause);
    this.#wake();
  }

  #reasonOf(error: unknown): string {
    if (error instanceof ReplayRefusal) return error.message;
    const problem = problemOf(error, true);
    if (problem !== undefined) return problem.message;
    const text = `a defect of the broker ended a replay; please report it with this text: ${String((error as Error).stack)}`;
    this.#context.broker.runtime.environment.onEvent({ level: 'error', text });
    return 'a defect in the broker: its log says more';
  }

  #wallTime(): string {
    return new Date(this.#context.broker.runtime.environment.clock.wallMs()).toISOString();
  }
}

/** Why a replay may not go on. */
class ReplayRefusal extends Error {}

function totalOf({ which, max }: ReplayInput, queue: Queue): number | null {
  if (which.kind === 'filter') return max ?? null;
  const count = which.kind === 'all' ? queue.readyCount : which.places.length;
  return Math.min(count, max ?? count);
}

function lowerPlace(priority: number): BrowsePlace | undefined {
  return priority === 0 ? undefined : { priority: priority - 1, seq: 0 };
}
