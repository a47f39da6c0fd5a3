import { PatternError } from '../core/access/pattern-error.ts';
import { ChannelError, ConnectionError } from '../core/errors.ts';

/** What a request of the management API is refused with, in RabbitMQ's form: `{error, reason}`. */
export class ApiError extends Error {
  readonly statusCode: number;
  readonly error: string;

  constructor(statusCode: number, error: string, reason: string) {
    super(reason);
    this.name = 'ApiError';
    this.statusCode = statusCode;
    this.error = error;
  }
}

/** RabbitMQ says no more than this, and tools look for it. */
export function objectNotFound(): ApiError {
  return new ApiError(404, 'Object Not Found', 'Not Found');
}

export function badRequest(reason: string): ApiError {
  return new ApiError(400, 'bad_request', reason);
}

/** 401, as RabbitMQ says it to somebody who is known and may not. */
export function notAuthorised(reason: string): ApiError {
  return new ApiError(401, 'not_authorised', reason);
}

/** The error of a request that core refused; undefined for a defect. */
export function refusalOf(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof PatternError) return badRequest(error.message);
  if (!(error instanceof ChannelError || error instanceof ConnectionError)) return undefined;
  switch (error.replyCode) {
    case 403:
      return notAuthorised(error.message);
    case 404:
      return objectNotFound();
    default:
      return badRequest(error.message);
  }
}
