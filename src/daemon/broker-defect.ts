/**
 * The broker met a state that it must never be in, outside the input of a single connection. It has been stopped; the
 * defect itself is the `cause`. Thrown where nobody catches it, so that the process ends too, unless its owner decides
 * otherwise in an `uncaughtException` handler.
 */
export class BrokerDefect extends Error {
  readonly code = 'BROKER_DEFECT';

  constructor(cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(`a defect in the broker, which is stopped: ${what}; please report it with the stack`, { cause });
    this.name = 'BrokerDefect';
  }
}
