const LONG_MS = 3_600_000;

/** The same promise; until it is settled the process does not end for want of anything else to do. */
export function keptAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, LONG_MS);
  return promise.finally(() => clearInterval(timer));
}
