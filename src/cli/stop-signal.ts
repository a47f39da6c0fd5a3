/** By convention a process that a signal ended exits with 128 plus the number of the signal. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };
type StopSignal = keyof typeof SIGNAL_EXIT_CODES;

/** Resolves at the first SIGINT or SIGTERM; at the second the process ends at once. */
export function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: StopSignal): void => {
      if (asked) process.exit(SIGNAL_EXIT_CODES[signal]);
      asked = true;
      resolve(undefined);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
