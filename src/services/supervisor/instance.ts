import type { ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../clock.ts';
import { type InstanceReport, isInstanceReport } from './instance-report.ts';

/** The part of a child process that an instance is. */
export type InstanceProcess = Pick<ChildProcess, 'pid' | 'kill' | 'on'>;

export interface InstanceHost {
  readonly clock: Clock;
  /** From 0 to below 1. */
  random(): number;
  spawn(): InstanceProcess;
  onChange(change: InstanceChange): void;
}

/** What became of an instance. */
export type InstanceChange =
  | { readonly type: 'starting'; readonly pid: number | undefined }
  | { readonly type: 'ready' }
  | {
      /** It ended without being asked to, and is started again after the delay. */
      readonly type: 'exited';
      readonly how: string;
      readonly restartMs: number;
    }
  | { readonly type: 'stopped'; readonly how: string };

const RESTART_MIN_MS = 500;
const RESTART_MAX_MS = 30_000;
/** After this time of health the next restart is as quick as the first one. */
const HEALTHY_MS = 30_000;
/** From then on it does what it can. */
const WARM_MS = 2_000;

/**
 * One instance of a service, as a process that is started again when it ends:
 *
 *     starting --ready--> ready
 *        |                  |
 *        +-----exited-------+--> pausing --delay--> starting
 *     any --stop()--> stopping --exited--> stopped
 */
export class Instance {
  readonly number: number;
  readonly #host: InstanceHost;
  #state: 'starting' | 'ready' | 'pausing' | 'stopping' | 'stopped' = 'starting';
  #process: InstanceProcess | undefined;
  #restart: Timer | undefined;
  #failureCount = 0;
  #readySinceMs = 0;
  /** Of the processes that ended, and of the one that runs. */
  #handledBefore = 0;
  #handledNow = 0;
  #resolveStopped: () => void = () => {};
  readonly #stopped: Promise<void>;

  constructor(number: number, host: InstanceHost) {
    this.number = number;
    this.#host = host;
    this.#stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#start();
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  get isWarm(): boolean {
    return this.isReady && this.#host.clock.nowMs() - this.#readySinceMs >= WARM_MS;
  }

  /** Messages, over all its processes. */
  get handledCount(): number {
    return this.#handledBefore + this.#handledNow;
  }

  /** Asks it to end (SIGTERM), and ends it after `graceMs`. Resolves when it has ended. */
  stop(graceMs: number): Promise<void> {
    if (this.#state === 'stopping' || this.#state === 'stopped') return this.#stopped;
    this.#restart?.cancel();
    if (this.#process === undefined) {
      this.#becomeStopped('it did not run');
      return this.#stopped;
    }
    this.#state = 'stopping';
    const running = this.#process;
    running.kill('SIGTERM');
    const timer = this.#host.clock.setTimer(graceMs, () => running.kill('SIGKILL'));
    return this.#stopped.then(() => timer.cancel());
  }

  #start(): void {
    this.#state = 'starting';
    const started = this.#host.spawn();
    this.#process = started;
    started.on('message', (message) => {
      if (isInstanceReport(message)) this.#onReport(message);
    });
    started.on('exit', (code, signal) => this.#onExit(started, howItEnded(code, signal)));
    started.on('error', (reason) => this.#onExit(started, reason.message));
    this.#host.onChange({ type: 'starting', pid: started.pid });
  }

  #onReport(report: InstanceReport): void {
    if (report.type === 'progress') {
      this.#handledNow = report.handledCount;
      return;
    }
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    this.#readySinceMs = this.#host.clock.nowMs();
    this.#host.onChange({ type: 'ready' });
  }

  #onExit(ended: InstanceProcess, how: string): void {
    if (this.#process !== ended) return;
    this.#process = undefined;
    this.#handledBefore += this.#handledNow;
    this.#handledNow = 0;
    if (this.#state === 'stopping') this.#becomeStopped(how);
    else this.#becomePausing(how);
  }

  #becomePausing(how: string): void {
    const { clock, random } = this.#host;
    const wasHealthy = this.#state === 'ready' && clock.nowMs() - this.#readySinceMs >= HEALTHY_MS;
    this.#failureCount = wasHealthy ? 1 : this.#failureCount + 1;
    this.#state = 'pausing';
    const longest = Math.min(RESTART_MAX_MS, RESTART_MIN_MS * 2 ** (this.#failureCount - 1));
    const restartMs = Math.round(longest * (0.75 + random() / 4));
    this.#restart = clock.setTimer(restartMs, () => this.#start());
    this.#host.onChange({ type: 'exited', how, restartMs });
  }

  #becomeStopped(how: string): void {
    this.#state = 'stopped';
    this.#host.onChange({ type: 'stopped', how });
    this.#resolveStopped();
  }
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `with exit code ${code}` : `by ${signal}`;
}
