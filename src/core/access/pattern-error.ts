/** A regular expression that this broker does not take. The message says what was found where, and what is allowed. */
export class PatternError extends Error {
  readonly source: string;
  /** Offset into `source`, in UTF-16 units. */
  readonly position: number;

  constructor(source: string, position: number, reason: string) {
    super(`Invalid regular expression '${source}' at offset ${position}: ${reason}`);
    this.name = 'PatternError';
    this.source = source;
    this.position = position;
  }
}
