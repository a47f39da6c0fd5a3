/** The flow through the queues of a service, measured from what is seen of it now and then. */
export interface Flow {
  /** Q: messages that are ready. */
  readonly queued: number;
  /** C. */
  readonly handledPerSecond: number;
  /** P. */
  readonly arrivalsPerSecond: number;
  /** D = Q / C; undefined when nothing leaves what waits. */
  readonly delayMs: number | undefined;
  /** c: of one instance; undefined until there was a backlog, which is when instances show what they can do. */
  readonly capacityPerSecond: number | undefined;
}

/** One look. */
export interface FlowSample {
  readonly atMs: number;
  readonly queued: number;
  /** Messages that all instances handled so far, those that ended included. */
  readonly handledCount: number;
  /** Instances that consume and have done so for a while: one that has just begun does less. */
  readonly warmCount: number;
  /** Instances that consume. */
  readonly readyCount: number;
}

/** Rates are taken over this time. */
const WINDOW_MS = 1_000;
/** What an instance can do is taken over a time of backlog, at most this long. */
const CAPACITY_WINDOW_MS = 5_000;
/** What is known of an instance is unlearnt by so much at a look: a machine that stands still for a moment says nothing of it. */
const UNLEARN = 0.9;
/** Without a backlog it goes back, look by look, to the best that was measured: a machine that was overloaded is not so for ever. */
const RECOVER = 1.02;
/** The best is unlearnt more slowly. */
const FORGET_BEST = 0.98;
/** Of fewer messages a rate says nothing. */
const HANDLED_MIN = 5;

export class FlowMeter {
  /** The oldest first; not older than the longer window. */
  #samples: FlowSample[] = [];
  #capacity: number | undefined;
  #best = 0;

  /** Undefined after the first look: a rate needs two. */
  add(sample: FlowSample): Flow | undefined {
    this.#samples.push(sample);
    this.#samples = this.#samples.filter(({ atMs }) => sample.atMs - atMs <= CAPACITY_WINDOW_MS);
    const first = this.#samples.find(({ atMs }) => sample.atMs - atMs <= WINDOW_MS);
    if (first === undefined || first === sample) return undefined;
    const { queued } = sample;
    const handledPerSecond = handledRate(first, sample);
    this.#learn(handledPerSecond / Math.max(1, sample.readyCount));
    const growthPerSecond = ((queued - first.queued) * 1000) / (sample.atMs - first.atMs);
    return {
      queued,
      handledPerSecond,
      arrivalsPerSecond: Math.max(0, handledPerSecond + growthPerSecond),
      delayMs: queued === 0 ? 0 : handledPerSecond > 0 ? (queued * 1000) / handledPerSecond : undefined,
      capacityPerSecond: this.#capacity,
    };
  }

  #learn(ratePerInstance: number): void {
    const measured = this.#measuredCapacity();
    const known = this.#capacity;
    if (measured !== undefined) {
      this.#capacity = Math.max(measured, (known ?? 0) * UNLEARN);
      this.#best = Math.max(measured, this.#best * FORGET_BEST);
    } else if (known !== undefined) {
      this.#capacity = Math.max(ratePerInstance, Math.min(this.#best, known * RECOVER));
    }
  }

  /** Over the last looks between which messages waited all the time and the same instances worked. */
  #measuredCapacity(): number | undefined {
    const last = this.#samples.at(-1);
    if (last === undefined) return undefined;
    let first = last;
    for (const sample of this.#samples.toReversed()) {
      if (sample.queued === 0 || !isSteady(sample) || sample.readyCount !== last.readyCount) break;
      first = sample;
    }
    if (first === last || last.handledCount - first.handledCount < HANDLED_MIN) return undefined;
    return handledRate(first, last) / last.readyCount;
  }
}

function isSteady({ warmCount, readyCount }: FlowSample): boolean {
  return readyCount > 0 && warmCount === readyCount;
}

function handledRate(first: FlowSample, last: FlowSample): number {
  return ((last.handledCount - first.handledCount) * 1000) / (last.atMs - first.atMs);
}
