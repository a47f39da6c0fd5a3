/** The errors of services. Each has a stable `code`; docs/services.md lists them. */

/** Thrown by a handler: trying again cannot help. The message goes to the dead letters at once; a caller gets `Rejected`. */
export class Fatal extends Error {
  readonly code = 'FATAL';

  constructor(text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = 'Fatal';
  }
}

export interface PayloadIssue {
  /** As `items.0.price`; empty for the payload itself. */
  readonly path: string;
  readonly message: string;
}

/** A payload is not what its contract says. */
export class PayloadInvalid extends Error {
  readonly code = 'PAYLOAD_INVALID';
  readonly issues: readonly PayloadIssue[];

  constructor(what: string, issues: readonly PayloadIssue[]) {
    const text = issues
      .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
      .join('; ');
    super(`${what} does not fit its contract: ${text}`);
    this.name = 'PayloadInvalid';
    this.issues = issues;
  }
}

/** No answer came in time. The command may be handled all the same; calling again with the same message id is safe. */
export class Timeout extends Error {
  readonly code = 'TIMEOUT';
  readonly timeoutMs: number;

  constructor(command: string, messageId: string, timeoutMs: number) {
    super(
      `command '${command}' (message ${messageId}) was not answered within ${timeoutMs} ms; ask for its result with the same message id, or allow more time`,
    );
    this.name = 'Timeout';
    this.timeoutMs = timeoutMs;
  }
}

/** Nobody can get the command: its service has never run on this broker, or no instance of it runs. */
export class NoConsumer extends Error {
  readonly code = 'NO_CONSUMER';

  constructor(command: string, why: string) {
    super(`command '${command}' has no consumer: ${why}`);
    this.name = 'NoConsumer';
  }
}

/** The service that handled a command refused it, for a reason that trying again does not change. */
export class Rejected extends Error {
  readonly code = 'REJECTED';
  /** As the handler gave it. */
  readonly reason: string;

  constructor(command: string, reason: string) {
    super(`command '${command}' was rejected: ${reason}`);
    this.name = 'Rejected';
    this.reason = reason;
  }
}
