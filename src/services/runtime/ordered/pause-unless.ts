import type { Clock } from '../../clock.ts';

/**
 * Resolves after the delay with true, or with false as soon as one of the signals aborts. `AbortSignal.any` would keep a trace of
 * each pause in a signal that lives long.
 */
export function pauseUnless(
  clock: Clock,
  delayMs: number,
  signals: readonly AbortSignal[],
): Promise<boolean> {
  if (signals.some(({ aborted }) => aborted)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (isOver: boolean): void => {
      timer.cancel();
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
      resolve(isOver);
    };
    const onAbort = (): void => end(false);
    const timer = clock.setTimer(delayMs, () => end(true));
    for (const signal of signals) signal.addEventListener('abort', onAbort);
  });
}
