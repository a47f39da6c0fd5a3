import { type BackoffOptions, backoffMs } from './backoff.ts';
import { onceImpatient, type Patience } from './bounded-wait.ts';
import { Closed } from './client-failures.ts';
import type { Transport, TransportEvents } from './transport.ts';

export interface KeeperOptions {
  readonly backoff: BackoffOptions;
  /** Attempts after which it gives up, counted anew after each connection. */
  readonly attemptsMax: number;
  /** What an attempt may take. */
  readonly connectTimeoutMs: number;
  random(): number;
  open(events: TransportEvents, signal: AbortSignal): Promise<Transport>;
  /** Puts back what belongs to a connection, before anybody else uses it. An attempt fails with it. */
  restore(transport: Transport): Promise<void>;
}

export interface KeeperEvents {
  onConnected(transport: Transport): void;
  onDisconnected(reason: Error): void;
  onReconnecting(attempt: number, delayMs: number, reason: Error): void;
  onBlocked(reason: string): void;
  onUnblocked(): void;
  /** It connects no more: it gave up. */
  onGaveUp(reason: Error): void;
}

interface Waiter {
  readonly resolve: (transport: Transport) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * Keeps one connection open.
 *
 *     connecting --opened, restored--> connected --lost--> pausing --delay--> connecting
 *          \--failed--> pausing (or given up)          any --close()--> closed
 */
export class ConnectionKeeper {
  readonly #options: KeeperOptions;
  readonly #events: KeeperEvents;
  readonly #closing: AbortController = new AbortController();
  #transport: Transport | undefined;
  #closed: Closed | undefined;
  #waiters: Set<Waiter> = new Set();

  constructor(options: KeeperOptions, events: KeeperEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** The connection, while there is one. */
  get transport(): Transport | undefined {
    return this.#transport;
  }

  /** Opens the first connection; tries again until `waitMs` have passed. */
  async start(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const untilMs = performance.now() + waitMs;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        await this.#attempt(signal);
        return;
      } catch (reason) {
        // an address that is none does not become one
        if (signal?.aborted || this.#closed !== undefined || reason instanceof TypeError) throw reason;
        if (performance.now() >= untilMs) throw reason;
        await this.#sleep(Math.min(this.#delayMs(attempt), untilMs - performance.now()), signal);
      }
    }
  }

  /** Resolves with the connection as soon as there is one. */
  whenConnected(patience: Patience, what: () => string): Promise<Transport> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#transport !== undefined) return Promise.resolve(this.#transport);
    return new Promise((resolve, reject) => {
      patience.signal?.throwIfAborted();
      const done = (): void => {
        this.#waiters.delete(waiter);
        ended();
      };
      const waiter: Waiter = {
        resolve: (transport) => {
          done();
          resolve(transport);
        },
        reject: (reason) => {
          done();
          reject(reason);
        },
      };
      const ended = onceImpatient(patience, what, waiter.reject);
      this.#waiters.add(waiter);
    });
  }

  /** Closes the connection, and opens no other. */
  async close(reason: Closed): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    const transport = this.#transport;
    this.#transport = undefined;
    this.#closing.abort(reason);
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
    await transport?.close();
  }

  async #attempt(signal: AbortSignal | undefined): Promise<void> {
    const timeout = new AbortController();
    const { connectTimeoutMs } = this.#options;
    const timer = setTimeout(
      () => timeout.abort(new Error(`the broker did not answer within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    const signals = [timeout.signal, this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    try {
      await this.#open(AbortSignal.any(signals));
    } finally {
      clearTimeout(timer);
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    let opened: Transport | undefined;
    let lost: Error | undefined;
    const transport = await this.#options.open(
      {
        onClosed: (reason) => {
          lost = reason;
          if (opened !== undefined && opened === this.#transport) this.#onLost(reason);
        },
        onBlocked: (reason) => this.#events.onBlocked(reason),
        onUnblocked: () => this.#events.onUnblocked(),
      },
      signal,
    );
    try {
      await this.#options.restore(transport);
      if (lost !== undefined) throw lost;
      this.#closing.signal.throwIfAborted();
    } catch (reason) {
      transport.destroy();
      throw lost ?? reason;
    }
    opened = transport;
    this.#becomeConnected(transport);
  }

  #becomeConnected(transport: Transport): void {
    this.#transport = transport;
    this.#events.onConnected(transport);
    for (const waiter of [...this.#waiters]) waiter.resolve(transport);
  }

  #onLost(reason: Error): void {
    this.#transport = undefined;
    this.#events.onDisconnected(reason);
    void this.#reconnect(reason);
  }

  /** Never rejects. */
  async #reconnect(lost: Error): Promise<void> {
    let reason = lost;
    for (let attempt = 1; this.#closed === undefined; attempt++) {
      if (attempt > this.#options.attemptsMax) {
        this.#giveUp(reason);
        return;
      }
      const delayMs = this.#delayMs(attempt);
      this.#events.onReconnecting(attempt, delayMs, reason);
      try {
        await this.#sleep(delayMs, undefined);
        await this.#attempt(undefined);
        return;
      } catch (failure) {
        reason = failure as Error;
      }
    }
  }

  #giveUp(reason: Error): void {
    const { attemptsMax } = this.#options;
    const closed = new Closed(`gave up after ${attemptsMax} attempts to connect: ${reason.message}`, reason);
    void this.close(closed);
    this.#events.onGaveUp(closed);
  }

  #delayMs(attempt: number): number {
    return backoffMs(attempt, this.#options.backoff, () => this.#options.random());
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        for (const each of signals) each.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        end();
        reject(signal?.reason ?? this.#closing.signal.reason);
      };
      const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
      const timer = setTimeout(
        () => {
          end();
          resolve();
        },
        Math.max(0, ms),
      );
      for (const each of signals) each.addEventListener('abort', abort, { once: true });
    });
  }
}
