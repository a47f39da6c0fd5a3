/** A test that is not run on JetStream, and why. */
export interface LeftOut {
  readonly file: string;
  /** With the names of its groups in front, divided by ` > `. */
  readonly test: string;
  readonly reason: string;
}

const MEMORY_CLEANING =
  'is about how the memory storage cleans itself: a log leaves 128 MiB of dead bytes alone';

export const LEFT_OUT: readonly LeftOut[] = [
  {
    file: 'test/conformance/features/message-memory.test.ts',
    test: 'a message that stays in each page does not keep the memory of the others, and stays intact',
    reason: MEMORY_CLEANING,
  },
  {
    file: 'test/conformance/features/message-memory.test.ts',
    test: 'cleaning moves unacked, delayed and scheduled messages as well',
    reason: MEMORY_CLEANING,
  },
];
