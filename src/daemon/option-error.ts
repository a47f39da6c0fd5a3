/** A setting that cannot be used. The message is one line that names the option, the value and what is allowed. */
export class OptionError extends Error {
  readonly code = 'BAD_OPTION';

  constructor(message: string) {
    super(message);
    this.name = 'OptionError';
  }
}
