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
  {
    file: 'src/testing/test-broker.test.ts',
    test: 'hundreds of brokers run side by side, each with a clock of its own',
    reason: 'is about what is light in memory: its brokers would be 600 streams on three servers',
  },
  {
    file: 'test/cli/commands.test.ts',
    test: 'on a terminal > that is part of no cluster says so, and has nobody to hand over to',
    reason: 'is about a node that is part of no cluster',
  },
];
