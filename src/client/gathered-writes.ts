import type { Writable } from 'node:stream';

/**
 * From here on what is written to the stream in one turn goes to the system in one call. amqplib writes each message by itself, and
 * a call for each costs as much as making the message (4 us).
 */
export function gatherWrites(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    stream.uncork();
  };
  stream.write = (...args: readonly unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(uncork);
    }
    return write(...args);
  };
}
