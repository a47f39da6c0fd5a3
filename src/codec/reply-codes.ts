/**
 * The reply codes of connection.close, channel.close and basic.return (AMQP 0-9-1, section 1.2 "error codes").
 * A soft error closes the channel, a hard one the connection.
 */

export type ReplyClass = 'success' | 'soft' | 'hard';

export const REPLY_SUCCESS = 200;

/** The message is larger than the broker accepts, or than a transfer allows just now. */
export const CONTENT_TOO_LARGE = 311;
/** basic.return: "mandatory" was set and no queue took the message. */
export const NO_ROUTE = 312;
/** basic.return: "immediate" was set and no consumer was ready. RabbitMQ never sends it. */
export const NO_CONSUMERS = 313;
/** An operator, or the end of the broker, closes the connection. */
export const CONNECTION_FORCED = 320;
/** connection.open named a vhost that does not exist. RabbitMQ says NOT_ALLOWED instead. */
export const INVALID_PATH = 402;
/** No permission, or the name is reserved ("amq."). */
export const ACCESS_REFUSED = 403;
/** No such exchange, queue or vhost. */
export const NOT_FOUND = 404;
/** The queue belongs to another connection (exclusive). */
export const RESOURCE_LOCKED = 405;
/** Redeclared with other arguments, unknown delivery tag, "if-empty" of a queue that is not empty, and their like. */
export const PRECONDITION_FAILED = 406;

/** The bytes are no AMQP frames: bad type, bad end octet, larger than frame-max. */
export const FRAME_ERROR = 501;
/** A frame is well-formed, the fields in it are not. */
export const SYNTAX_ERROR = 502;
/** The method does not exist, or makes no sense in this state. */
export const COMMAND_INVALID = 503;
/** The channel is not open, or is open already. */
export const CHANNEL_ERROR = 504;
/** A content frame without its method, or a method where content was due. */
export const UNEXPECTED_FRAME = 505;
/** The broker has no room: memory, disk, connections. */
export const RESOURCE_ERROR = 506;
/** Forbidden for whoever tries: a used consumer tag, no access to the vhost, more channels than channel-max. */
export const NOT_ALLOWED = 530;
/** Part of the protocol, and not supported. */
export const NOT_IMPLEMENTED = 540;
/** A bug in the broker. */
export const INTERNAL_ERROR = 541;

interface ReplyCode {
  readonly name: string;
  readonly replyClass: ReplyClass;
}

const REPLY_CODES: ReadonlyMap<number, ReplyCode> = new Map([
  [REPLY_SUCCESS, { name: 'REPLY_SUCCESS', replyClass: 'success' }],
  [CONTENT_TOO_LARGE, { name: 'CONTENT_TOO_LARGE', replyClass: 'soft' }],
  [NO_ROUTE, { name: 'NO_ROUTE', replyClass: 'soft' }],
  [NO_CONSUMERS, { name: 'NO_CONSUMERS', replyClass: 'soft' }],
  [CONNECTION_FORCED, { name: 'CONNECTION_FORCED', replyClass: 'hard' }],
  [INVALID_PATH, { name: 'INVALID_PATH', replyClass: 'hard' }],
  [ACCESS_REFUSED, { name: 'ACCESS_REFUSED', replyClass: 'soft' }],
  [NOT_FOUND, { name: 'NOT_FOUND', replyClass: 'soft' }],
  [RESOURCE_LOCKED, { name: 'RESOURCE_LOCKED', replyClass: 'soft' }],
  [PRECONDITION_FAILED, { name: 'PRECONDITION_FAILED', replyClass: 'soft' }],
  [FRAME_ERROR, { name: 'FRAME_ERROR', replyClass: 'hard' }],
  [SYNTAX_ERROR, { name: 'SYNTAX_ERROR', replyClass: 'hard' }],
  [COMMAND_INVALID, { name: 'COMMAND_INVALID', replyClass: 'hard' }],
  [CHANNEL_ERROR, { name: 'CHANNEL_ERROR', replyClass: 'hard' }],
  [UNEXPECTED_FRAME, { name: 'UNEXPECTED_FRAME', replyClass: 'hard' }],
  [RESOURCE_ERROR, { name: 'RESOURCE_ERROR', replyClass: 'hard' }],
  [NOT_ALLOWED, { name: 'NOT_ALLOWED', replyClass: 'hard' }],
  [NOT_IMPLEMENTED, { name: 'NOT_IMPLEMENTED', replyClass: 'hard' }],
  [INTERNAL_ERROR, { name: 'INTERNAL_ERROR', replyClass: 'hard' }],
]);

/** The protocol's name of a code, `NOT_FOUND` for 404; `UNKNOWN_<code>` for a code that AMQP does not have. */
export function replyName(replyCode: number): string {
  return REPLY_CODES.get(replyCode)?.name ?? `UNKNOWN_${replyCode}`;
}

/** What a code closes: `soft` the channel, `hard` the connection. A code that AMQP does not have counts as hard. */
export function replyClass(replyCode: number): ReplyClass {
  return REPLY_CODES.get(replyCode)?.replyClass ?? 'hard';
}
