/**
 * Throws `reason` where nobody catches it, so that it becomes an uncaught exception of the process. What a program's own
 * listener throws is its own defect: it must neither be swallowed nor break what called the listener.
 */
export function throwUncaught(reason: unknown): void {
  queueMicrotask(() => {
    throw reason;
  });
}

/** Calls a program's listener. What it throws is uncaught, and the caller goes on. */
export function callListener(call: () => void): void {
  try {
    call();
  } catch (reason) {
    throwUncaught(reason);
  }
}
