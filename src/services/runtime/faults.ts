/** Where a service may crash while it handles a message. */
export type CrashPoint = 'before-commit' | 'after-commit' | 'before-ack';

/** What a test does to the messages of services. Production has none. */
export interface Faults {
  /** Each delivery is handled twice, the second time after the first or at the same time. */
  readonly duplicates: boolean;
  /** Which of `count` deliveries that wait is next. The first one unless given. */
  pick?(count: number): number;
  /** Whether the service crashes here: nothing more is done for the message, which is delivered again. */
  crashesAt?(point: CrashPoint, messageId: string, part: string): boolean;
}
