import type { Clock, Timer } from '../clock.ts';
import { type Flow, FlowMeter } from './flow-meter.ts';
import { Instance, type InstanceChange, type InstanceProcess } from './instance.ts';
import { type ScaleState, type ScaleTarget, scalePlan } from './scale-plan.ts';

export interface SupervisedService {
  readonly name: string;
  /** Those that it consumes. */
  readonly queues: readonly string[];
  readonly scale: ScaleTarget;
}

export interface SupervisorOptions {
  readonly services: readonly SupervisedService[];
  readonly clock: Clock;
  /** From 0 to below 1. */
  random(): number;
  /** Starts a process that runs the service, and reports (`reportProgress`). */
  spawn(service: string, number: number): InstanceProcess;
  /** How many messages are ready in a queue; undefined when it is not there. */
  readyCount(queue: string): Promise<number | undefined>;
  onEvent(event: SupervisorEvent): void;
  /** How long one instance less must do before there is one less. */
  readonly downAfterMs?: number;
}

export type SupervisorEvent =
  | {
      readonly type: 'instance';
      readonly service: string;
      readonly number: number;
      readonly change: InstanceChange;
    }
  | {
      readonly type: 'scaled';
      readonly service: string;
      readonly from: number;
      readonly to: number;
      readonly flow: Flow;
    }
  | {
      /** A look at the queues of a service that scales. */
      readonly type: 'sampled';
      readonly service: string;
      readonly atMs: number;
      readonly flow: Flow;
      readonly readyCount: number;
    }
  | {
      /** The broker did not say how long the queues are: nothing is scaled until it does. */
      readonly type: 'unsampled';
      readonly service: string;
      readonly reason: Error;
    };

const SAMPLE_MS = 500;
/** For the handlers of an instance that there is no need for any more. */
const REMOVE_GRACE_MS = 60_000;

/** Keeps the instances of services running, and as many of them as the queues need. */
export class Supervisor {
  readonly #groups: readonly InstanceGroup[];

  constructor(options: SupervisorOptions) {
    this.#groups = options.services.map((service) => new InstanceGroup(service, options));
  }

  start(): void {
    for (const group of this.#groups) group.start();
  }

  /** Stops all instances: they finish what they handle, for at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.#groups.map((group) => group.stop(graceMs)));
  }

  /** Process ids by `service.number`, of those that run. */
  pids(): ReadonlyMap<string, number> {
    return new Map(this.#groups.flatMap((group) => [...group.pids()]));
  }
}

/** The instances of one service. */
class InstanceGroup {
  readonly #service: SupervisedService;
  readonly #options: SupervisorOptions;
  readonly #meter: FlowMeter = new FlowMeter();
  /** By their numbers, which begin at 1. */
  readonly #instances: Map<number, Instance> = new Map();
  /** Those that finish what they handle, because there were too many. */
  readonly #leaving: Map<Instance, Promise<void>> = new Map();
  #handledByEnded = 0;
  #state: ScaleState;
  #timer: Timer | undefined;
  #isStopping = false;
  #isSampled = true;

  constructor(service: SupervisedService, options: SupervisorOptions) {
    this.#service = service;
    this.#options = options;
    this.#state = { count: service.scale.min, lowSinceMs: undefined };
  }

  start(): void {
    this.#adjust();
    const { min, max } = this.#service.scale;
    if (min < max) this.#sampleLater();
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    const stops = [...this.#instances.values()].map((instance) => instance.stop(graceMs));
    await Promise.all([...stops, ...this.#leaving.values()]);
  }

  pids(): (readonly [string, number])[] {
    return [...this.#instances.values()].flatMap(({ number, pid }) =>
      pid === undefined ? [] : [[`${this.#service.name}.${number}`, pid] as const],
    );
  }

  #sampleLater(): void {
    this.#timer = this.#options.clock.setTimer(SAMPLE_MS, () => void this.#sample());
  }

  async #sample(): Promise<void> {
    // before the first instance there are no queues
    const isUsed = this.#state.count === 0 || [...this.#instances.values()].some(({ isReady }) => isReady);
    if (!isUsed) {
      this.#sampleLater();
      return;
    }
    const { name, queues, scale } = this.#service;
    const { clock, readyCount, onEvent, downAfterMs } = this.#options;
    try {
      const counts = await Promise.all(queues.map((queue) => readyCount(queue)));
      if (this.#isStopping) return;
      this.#isSampled = true;
      const flow = this.#measure(counts.reduce<number>((sum, count) => sum + (count ?? 0), 0));
      if (flow !== undefined) {
        this.#become(scalePlan(scale, this.#state, flow, clock.nowMs(), downAfterMs), flow);
      }
    } catch (reason) {
      if (this.#isStopping) return;
      // once is enough for a person to know
      if (this.#isSampled) onEvent({ type: 'unsampled', service: name, reason: reason as Error });
      this.#isSampled = false;
    }
    this.#sampleLater();
  }

  #measure(queued: number): Flow | undefined {
    const instances = [...this.#instances.values()];
    const atMs = this.#options.clock.nowMs();
    const readyCount = instances.filter(({ isReady }) => isReady).length;
    const flow = this.#meter.add({
      atMs,
      queued,
      readyCount,
      warmCount: instances.filter(({ isWarm }) => isWarm).length,
      handledCount: this.#handledCount(),
    });
    if (flow !== undefined) {
      this.#options.onEvent({ type: 'sampled', service: this.#service.name, atMs, flow, readyCount });
    }
    return flow;
  }

  #handledCount(): number {
    const all = [...this.#instances.values(), ...this.#leaving.keys()];
    return all.reduce((sum, { handledCount }) => sum + handledCount, this.#handledByEnded);
  }

  #become(state: ScaleState, flow: Flow): void {
    const from = this.#state.count;
    this.#state = state;
    if (state.count === from) return;
    this.#options.onEvent({ type: 'scaled', service: this.#service.name, from, to: state.count, flow });
    this.#adjust();
  }

  /** The newest ones go first. */
  #adjust(): void {
    for (let number = 1; number <= this.#state.count; number += 1) {
      if (!this.#instances.has(number)) this.#instances.set(number, this.#newInstance(number));
    }
    for (const [number, instance] of this.#instances) {
      if (number > this.#state.count) this.#remove(instance);
    }
  }

  #newInstance(number: number): Instance {
    const { clock, random, spawn, onEvent } = this.#options;
    const service = this.#service.name;
    return new Instance(number, {
      clock,
      random,
      spawn: () => spawn(service, number),
      onChange: (change) => onEvent({ type: 'instance', service, number, change }),
    });
  }

  #remove(instance: Instance): void {
    this.#instances.delete(instance.number);
    const gone = instance.stop(REMOVE_GRACE_MS).then(() => {
      this.#handledByEnded += instance.handledCount;
      this.#leaving.delete(instance);
    });
    this.#leaving.set(instance, gone);
  }
}
