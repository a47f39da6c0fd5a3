/** What the services know of time: a test has a clock of its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  setTimer(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** The clock of the machine. Its timers let the process end. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimer: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after the delay, or rejects with the reason of the signal. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
