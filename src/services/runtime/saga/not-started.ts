/** A message for a saga that has not begun: it may have come too early, so it is tried again as any failed message is. */
export class NotStarted extends Error {
  readonly code = 'SAGA_NOT_STARTED';

  constructor(text: string) {
    super(text);
    this.name = 'NotStarted';
  }
}
