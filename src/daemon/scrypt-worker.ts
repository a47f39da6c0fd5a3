import { Worker } from 'node:worker_threads';

/** What scrypt is to be given. `log2N`: the cost, as a power of two. */
export interface ScryptParameters {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

export interface ScryptJob {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly keyBytes: number;
  readonly parameters: ScryptParameters;
}

/** Undefined: too many wait already. */
export type ScryptDone = (key: Uint8Array | undefined) => void;

type Answer = { readonly key: Uint8Array } | { readonly error: string };

interface Pending {
  readonly job: ScryptJob;
  readonly done: ScryptDone;
}

/** A job takes a third of a second, and a client waits 10 s: whoever is further behind would wait for nothing. */
const PENDING_MAX = 24;
/** Then the thread ends, and its memory goes back. */
const IDLE_MS = 30_000;
/** 128 bytes * N * r, and some for itself. */
const MEMORY_BYTES_MAX = 288 * 2 ** 20;

/** CommonJS, and a text: a file of its own would have one name in the sources and another one when it is built. */
const PROGRAM = `
const { parentPort } = require('node:worker_threads');
const { scryptSync } = require('node:crypto');
parentPort.on('message', ({ password, salt, keyBytes, parameters: { log2N, r, p } }) => {
  try {
    const maxmem = ${MEMORY_BYTES_MAX};
    parentPort.postMessage({ key: scryptSync(password, salt, keyBytes, { N: 2 ** log2N, r, p, maxmem }) });
  } catch (error) {
    parentPort.postMessage({ error: String(error) });
  }
});`;

/**
 * One thread that runs scrypt, one job after the other: it needs 128 MiB, and several at once take the memory bandwidth from
 * everything else (8 of them in libuv's pool push a sync of the disk from 0.3 to 124 ms).
 */
export class ScryptWorker {
  #worker: Worker | undefined;
  #running: Pending | undefined;
  readonly #waiting: Pending[] = [];
  #idleTimer: NodeJS.Timeout | undefined;

  /** How many wait behind the one that runs. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Calls `done` exactly once; at once when too many wait. */
  run(job: ScryptJob, done: ScryptDone): void {
    if (this.#waiting.length >= PENDING_MAX) {
      done(undefined);
      return;
    }
    this.#waiting.push({ job, done });
    this.#runNext();
  }

  #runNext(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#waiting.shift();
    if (this.#running === undefined) {
      this.#becomeIdle();
      return;
    }
    clearTimeout(this.#idleTimer);
    try {
      this.#worker ??= this.#start();
    } catch {
      // the system gives no more threads; it comes back by itself, and who waits is told to try again
      setImmediate(() => this.#onAnswer(undefined));
      return;
    }
    this.#worker.ref();
    this.#worker.postMessage(this.#running.job);
  }

  #becomeIdle(): void {
    this.#worker?.unref();
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#end(), IDLE_MS);
    this.#idleTimer.unref();
  }

  #end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    // what the process was told to load at its start is none of the thread's business, and would take its time
    const worker = new Worker(PROGRAM, { eval: true, name: 'scrypt', execArgv: [], env: {} });
    worker.on('message', (answer: Answer) => this.#onAnswer('key' in answer ? answer.key : undefined));
    // it could not be started, or has died, for want of memory: 'exit' follows
    worker.on('error', () => {});
    worker.on('exit', () => this.#onExit(worker));
    return worker;
  }

  /** The next one gets another thread. */
  #onExit(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#onAnswer(undefined);
  }

  #onAnswer(key: Uint8Array | undefined): void {
    const { done } = this.#running ?? {};
    this.#running = undefined;
    this.#runNext();
    done?.(key);
  }
}
