import { BodyUnreadable } from '../../client/client-failures.ts';
import { Fatal, PayloadInvalid } from '../service-failures.ts';
import type { AttemptResult } from './processing.ts';
import type { Subscription } from './subscription.ts';

export const DONE: AttemptResult = { status: 'done' };
/** It was handled before. */
export const DUPLICATE: AttemptResult = { status: 'done' };
export const CRASHED: AttemptResult = { status: 'crashed' };

/** Thrown where a test lets the service crash. */
export class Crash extends Error {}

/** The service stops, and waits for its handlers no longer. */
export class Stopped extends Error {
  constructor() {
    super('its service has stopped');
    this.name = 'Stopped';
  }
}

/** A handler took longer than it may. */
export class HandlerTimeout extends Error {
  constructor({ part, timeoutMs }: Subscription, messageId: string) {
    super(
      `the handler of '${part}' did not end within ${timeoutMs} ms (message ${messageId}); make it faster, or allow it more time with timeoutMs`,
    );
    this.name = 'HandlerTimeout';
  }
}

export function failureOf(reason: unknown): AttemptResult {
  if (reason instanceof Crash || reason instanceof Stopped) return CRASHED;
  const error = asError(reason);
  return { status: 'failed', error, isFinal: isFinal(error) };
}

/** A handler may throw anything. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Trying again cannot help. */
function isFinal(error: Error): boolean {
  return error instanceof Fatal || error instanceof PayloadInvalid || error instanceof BodyUnreadable;
}
