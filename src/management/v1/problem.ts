/** What a request of /v1 is refused with: problem documents (RFC 9457), made of one table of kinds. */
import { CodecError } from '../../codec/errors.ts';
import { PatternError } from '../../core/access/pattern-error.ts';
import { ChannelError, ConnectionError } from '../../core/errors.ts';
import { ApiError } from '../api-error.ts';

/** A kind of problem. `meaning` says what to do, and is shown on the page of the documentation. */
interface ProblemKindFacts {
  readonly status: number;
  readonly title: string;
  readonly meaning: string;
}

export type ProblemKind =
  | 'invalid-request'
  | 'not-authenticated'
  | 'access-refused'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'resource-locked'
  | 'gone'
  | 'too-large'
  | 'unsupported-media-type'
  | 'unroutable'
  | 'too-many'
  | 'queue-full'
  | 'defect'
  | 'unavailable';

export const PROBLEM_KINDS: Readonly<Record<ProblemKind, ProblemKindFacts>> = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    meaning:
      'Something in the path, the query, a header or the body is not as it has to be; `errors` says what.',
  },
  'not-authenticated': {
    status: 401,
    title: 'A log-in is needed',
    meaning: 'Send a user name and a password that the broker knows, or a valid token.',
  },
  'access-refused': {
    status: 403,
    title: 'The user may not do this',
    meaning: 'An operator can give the user the permission, or the tag, that the detail names.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    meaning: 'The vhost, queue, exchange, message or page does not exist, or not any more.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Not with this method',
    meaning: 'The path is there, but takes other methods: the header Allow names them.',
  },
  conflict: {
    status: 409,
    title: 'It does not fit what is there',
    meaning: 'The thing is in another state, or was made in another way, than the request supposes.',
  },
  'resource-locked': {
    status: 409,
    title: 'Somebody else has it for itself',
    meaning: 'The queue is exclusive to a connection, or has a consumer that wants to be the only one.',
  },
  gone: {
    status: 410,
    title: 'It has ended',
    meaning:
      'The lease is over or settled, or its queue was deleted; an unsettled message is delivered again.',
  },
  'too-large': {
    status: 413,
    title: 'The request is too large',
    meaning: 'Send less at once; the detail says how much is allowed.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The media type is not understood here',
    meaning: 'Send the Content-Type that the operation asks for.',
  },
  unroutable: {
    status: 422,
    title: 'The message leads to no queue',
    meaning:
      'It was mandatory, and no binding matched: it was not kept. Bind a queue, or correct the routing key.',
  },
  'too-many': {
    status: 429,
    title: 'Too much at a time',
    meaning: 'Wait as long as Retry-After says, settle what is open, or use fewer requests at a time.',
  },
  'queue-full': {
    status: 429,
    title: 'A queue refuses the message',
    meaning:
      'A queue with overflow reject-publish is at its limit. Other queues may have taken the message; repeat it later, with an Idempotency-Key.',
  },
  defect: {
    status: 500,
    title: 'A defect in the broker',
    meaning: 'The log of the broker says more; please report it.',
  },
  unavailable: {
    status: 503,
    title: 'Not at the moment',
    meaning:
      'The broker takes no messages while memory or disk is short, or while it stops. Wait and repeat.',
  },
};

/** One thing that is wrong with a request. */
export interface ProblemPart {
  /** Where it stands: `body/priority`, `query/limit`, `header/idempotency-key`. */
  readonly at: string;
  readonly message: string;
  /** What was found there; absent when nothing was. */
  readonly found?: unknown;
  /** What may stand there. */
  readonly allowed?: unknown;
}

interface ProblemOptions {
  readonly errors?: readonly ProblemPart[];
  readonly retryAfterSeconds?: number;
  /** Instead of the status of the kind. */
  readonly status?: number;
}

/** Throw it in a route of /v1: it is answered as a problem document. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly errors: readonly ProblemPart[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: ProblemKind, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.name = 'Problem';
    this.kind = kind;
    this.status = options.status ?? PROBLEM_KINDS[kind].status;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The body of an answer with the media type application/problem+json. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: readonly ProblemPart[];
}

/** `instance`: the path of the request. */
export function problemDocument(problem: Problem, instance: string): ProblemDocument {
  const { kind, status, message, errors } = problem;
  const document = {
    type: `/docs#problem-${kind}`,
    title: PROBLEM_KINDS[kind].title,
    status,
    detail: message,
    instance,
  };
  return errors === undefined ? document : { ...document, errors };
}

/** 400: `detail` names the thing, the value found and the value allowed. */
export function invalidRequest(detail: string, errors?: readonly ProblemPart[]): Problem {
  return new Problem('invalid-request', detail, errors === undefined ? {} : { errors });
}

/** 400 for one part of the request: its place, what was found there, and what may be there. */
export function invalidPart(at: string, found: unknown, allowed: string): Problem {
  const shown = shownValue(found);
  const detail = found === undefined ? `${at} is missing: ${allowed}` : `${at} is ${shown}: ${allowed}`;
  const part = { at, message: allowed };
  return invalidRequest(detail, [found === undefined ? part : { ...part, found: shown }]);
}

export function problemNotFound(detail: string): Problem {
  return new Problem('not-found', detail);
}

/** The problem of a request that was refused anywhere; undefined for a defect. `isKnown`: the caller has logged in. */
export function problemOf(error: unknown, isKnown: boolean): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof ApiError) return problemOfApiError(error, isKnown);
  if (error instanceof PatternError || error instanceof CodecError) return invalidRequest(error.message);
  if (!(error instanceof ChannelError || error instanceof ConnectionError)) return undefined;
  return new Problem(kindOfReplyCode(error.replyCode), error.message);
}

/** Core speaks in AMQP's reply codes. */
function kindOfReplyCode(replyCode: number): ProblemKind {
  switch (replyCode) {
    case 403:
    case 530:
      return 'access-refused';
    case 404:
      return 'not-found';
    case 405:
      return 'resource-locked';
    case 320:
    case 506:
      return 'unavailable';
    default:
      return 'invalid-request';
  }
}

/** The management API says 401, too, to somebody who is known and may not. */
function problemOfApiError(error: ApiError, isKnown: boolean): Problem {
  const { statusCode, message } = error;
  if (statusCode === 401 && isKnown) return new Problem('access-refused', message);
  return new Problem(kindOfStatus(statusCode), message, { status: statusCode });
}

export function kindOfStatus(status: number): ProblemKind {
  switch (status) {
    case 401:
      return 'not-authenticated';
    case 403:
      return 'access-refused';
    case 404:
      return 'not-found';
    case 405:
      return 'method-not-allowed';
    case 409:
      return 'conflict';
    case 410:
      return 'gone';
    case 413:
      return 'too-large';
    case 415:
      return 'unsupported-media-type';
    case 422:
      return 'unroutable';
    case 429:
      return 'too-many';
    case 503:
      return 'unavailable';
    default:
      return status >= 500 ? 'defect' : 'invalid-request';
  }
}

const SHOWN_CHARACTERS_MAX = 100;

/** A value of a client in an error message: short, and what it is. */
export function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : jsonText(value);
  return text.length <= SHOWN_CHARACTERS_MAX
    ? text
    : `${text.slice(0, SHOWN_CHARACTERS_MAX)}... (${text.length} characters)`;
}

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return 'a value that is nested too deep to be shown';
  }
}
