import { textAt } from './json-fields.ts';

/** What a command over the HTTP API ends with when the API cannot be reached or refuses: docs/errors.md lists the codes. */
export type ApiFailureCode =
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'TLS_FAILED'
  | 'NOT_AN_API'
  | 'LOGIN_FAILED'
  | 'NOT_PERMITTED'
  | 'NOT_FOUND'
  | 'REFUSED'
  | 'UNROUTABLE'
  | 'THROTTLED'
  | 'UNAVAILABLE'
  | 'NOT_SUPPORTED'
  | 'BROKER_FAILED';

/** The message is one line that says what happened and what to do next. It holds no secret. */
export class ApiFailure extends Error {
  readonly code: ApiFailureCode;

  constructor(code: ApiFailureCode, message: string) {
    super(message);
    this.name = 'ApiFailure';
    this.code = code;
  }
}

/** A connection that did not come about, or broke. `shownUrl` is without a password. */
export function connectionFailure(error: NodeJS.ErrnoException, shownUrl: string): ApiFailure {
  const code = error.code ?? '';
  const tls = TLS_TEXTS.get(code);
  if (tls !== undefined) return new ApiFailure('TLS_FAILED', `${shownUrl}: ${tls}`);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new ApiFailure(
      'TLS_FAILED',
      `${shownUrl}: the certificate is for another name (${error.message})`,
    );
  }
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return new ApiFailure('TLS_FAILED', `${shownUrl} does not speak TLS; does its URL begin with http://?`);
  }
  if (code.startsWith('HPE_')) {
    const hint = 'the HTTP API has a port of its own, 15672 unless set otherwise';
    return new ApiFailure('NOT_AN_API', `${shownUrl} does not speak HTTP; ${hint}: see --url`);
  }
  return new ApiFailure('UNREACHABLE', `${reachText(code, error, shownUrl)}; ${WHERE_IT_IS}`);
}

const WHERE_IT_IS =
  'is the broker running (leveret serve)? If it is elsewhere, say where: --url or LEVERET_URL';

function reachText(code: string, error: Error, shownUrl: string): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens on ${shownUrl}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host of ${shownUrl} has no address`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${shownUrl} closed the connection`;
    default:
      return `${shownUrl}: ${error.message || code}`;
  }
}

const UNKNOWN_CA =
  'the certificate is not signed by an authority that is trusted here; name its own with --ca ca.pem';
const TLS_TEXTS: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', UNKNOWN_CA],
  ['SELF_SIGNED_CERT_IN_CHAIN', UNKNOWN_CA],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', UNKNOWN_CA],
  ['UNABLE_TO_GET_ISSUER_CERT', UNKNOWN_CA],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', UNKNOWN_CA],
  ['CERT_HAS_EXPIRED', 'the certificate has expired'],
  ['CERT_NOT_YET_VALID', 'the certificate is not valid yet'],
]);

/** What is known of a request when it is refused. */
export interface RefusedRequest {
  readonly status: number;
  /** As JSON, or else as text. */
  readonly body: unknown;
  readonly username: string;
  readonly shownUrl: string;
  /** What the request is about, for 404: `queue 'x' in vhost '/'`. */
  readonly about: string | undefined;
  /** The path is one of Leveret's own API, which RabbitMQ does not have. */
  readonly isLeveretOnly: boolean;
}

/** An answer that is no success. */
export function refusalFailure(refused: RefusedRequest): ApiFailure {
  const { status, body, shownUrl, about } = refused;
  if (status === 405 && refused.isLeveretOnly) return leveretOnlyFailure(shownUrl);
  if (status === 405) return new ApiFailure('NOT_SUPPORTED', `the broker at ${shownUrl} cannot do that`);
  const reason = reasonOf(body);
  if (reason === undefined) return unreadableFailure(refused);
  if (status === 401) return accessFailure(refused, reason);
  if (status === 403) return new ApiFailure('NOT_PERMITTED', reason);
  if (status === 404) {
    // RabbitMQ's API says no more than Not Found; a problem document says which thing.
    const isVague = /^(object )?not found$/i.test(reason);
    const isUnknownPath = isVague || /^there is no (GET|PUT|POST|DELETE) \//.test(reason);
    if (isUnknownPath && refused.isLeveretOnly) return leveretOnlyFailure(shownUrl);
    if (isVague && about === undefined)
      return new ApiFailure('NOT_SUPPORTED', `the broker at ${shownUrl} cannot do that`);
    const what = isVague ? `there is no ${about}` : reason;
    return new ApiFailure('NOT_FOUND', `${what}${whereToLook(missingIn(what) ?? about)}`);
  }
  if (status === 429 && !String(textAt(body, 'type')).endsWith('queue-full'))
    return new ApiFailure('THROTTLED', /try again/.test(reason) ? reason : `${reason}; try again later`);
  if (status === 503) return new ApiFailure('UNAVAILABLE', `${reason}; see leveret status`);
  if (status >= 500) return new ApiFailure('BROKER_FAILED', `${shownUrl} answered ${status}: ${reason}`);
  return new ApiFailure('REFUSED', reason);
}

/** What is missing in the words of the broker, `no queue 'x' in vhost '/'`, which may not be what the request named first. */
function missingIn(reason: string): string | undefined {
  return /^no ((?:queue|exchange) '.*)$/s.exec(reason)?.[1];
}

/** Which command lists what there is, by what the request is about: `queue 'x' in vhost '/'`. */
function whereToLook(about = ''): string {
  const list = LISTS.get(about.split(' ')[0] ?? '');
  return list === undefined ? '' : `; leveret ${list} lists what there is`;
}

const LISTS: ReadonlyMap<string, string> = new Map([
  ['queue', 'queues'],
  ['exchange', 'exchanges'],
  ['binding', 'bindings'],
  ['connection', 'connections'],
  ['user', 'users'],
  ['permission', 'permissions'],
  ['topic', 'permissions topics'],
  ['policy', 'policies'],
  ['operator', 'policies operator'],
  ['vhost', 'vhosts'],
]);

/** The words of `{error, reason}` or of a problem document (RFC 9457); undefined when it is neither. */
function reasonOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { reason, detail, title, error } = body as Record<string, unknown>;
  const text = detail ?? reason ?? title ?? error;
  if (text === undefined) return undefined;
  // AMQP puts the name of its reply code in front: ours is there already.
  return typeof text === 'string' ? text.replace(/^[A-Z_]+ - /, '') : JSON.stringify(text);
}

function accessFailure({ username }: RefusedRequest, reason: string): ApiFailure {
  if (/^login failed$/i.test(reason)) {
    const text = `the password of user '${username}' is wrong, or there is no such user`;
    return new ApiFailure('LOGIN_FAILED', `${text}; see --user, LEVERET_PASSWORD and --password-file`);
  }
  if (/loopback|localhost/i.test(reason)) return new ApiFailure('LOGIN_FAILED', reason);
  const known = reason.includes(`'${username}'`) ? reason : `user '${username}': ${reason}`;
  return new ApiFailure('NOT_PERMITTED', known);
}

function unreadableFailure(refused: RefusedRequest): ApiFailure {
  if (refused.isLeveretOnly && refused.status !== 401) return leveretOnlyFailure(refused.shownUrl);
  const text = `${refused.shownUrl} answered ${refused.status}, not as RabbitMQ's management API does`;
  return new ApiFailure('NOT_AN_API', `${text}; is it a broker? See --url`);
}

function leveretOnlyFailure(shownUrl: string): ApiFailure {
  const text = `this needs the API of Leveret under /v1, which the broker at ${shownUrl} does not have`;
  return new ApiFailure('NOT_SUPPORTED', `${text}: it is RabbitMQ, or an older Leveret`);
}
