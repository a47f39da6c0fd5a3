/**
 * Makers of protocol errors, so that core reads `throw notFound("no queue 'orders' in vhost '/'")`. Each gives the error its
 * reply code, its family (channel or connection) and the prefix that clients know from RabbitMQ: `NOT_FOUND - no queue ...`.
 */
import {
  ACCESS_REFUSED,
  CHANNEL_ERROR,
  COMMAND_INVALID,
  CONNECTION_FORCED,
  FRAME_ERROR,
  NOT_ALLOWED,
  NOT_FOUND,
  NOT_IMPLEMENTED,
  PRECONDITION_FAILED,
  RESOURCE_LOCKED,
  replyName,
  SYNTAX_ERROR,
  UNEXPECTED_FRAME,
} from '../codec/reply-codes.ts';
import { ChannelError, ConnectionError } from './errors.ts';

function channelFailure(replyCode: number, text: string): ChannelError {
  return new ChannelError(replyCode, `${replyName(replyCode)} - ${text}`);
}

function connectionFailure(replyCode: number, text: string): ConnectionError {
  return new ConnectionError(replyCode, `${replyName(replyCode)} - ${text}`);
}

// Channel errors: the client may open another channel and go on.

/** 403: the user has no permission for this, or the name is reserved. */
export function accessRefused(text: string): ChannelError {
  return channelFailure(ACCESS_REFUSED, text);
}

/** 404: the named exchange, queue or vhost does not exist. */
export function notFound(text: string): ChannelError {
  return channelFailure(NOT_FOUND, text);
}

/** 405: the queue belongs to another connection or consumer. */
export function resourceLocked(text: string): ChannelError {
  return channelFailure(RESOURCE_LOCKED, text);
}

/** 406: the arguments do not fit each other or what exists. */
export function preconditionFailed(text: string): ChannelError {
  return channelFailure(PRECONDITION_FAILED, text);
}

// Connection errors: the connection is closed.

/** 320: an operator, or the end of the broker, closed the connection. */
export function connectionForced(text: string): ConnectionError {
  return connectionFailure(CONNECTION_FORCED, text);
}

/** 403 before the connection is open: wrong user or password. */
export function loginRefused(text: string): ConnectionError {
  return connectionFailure(ACCESS_REFUSED, text);
}

/** 501: bytes that are no frame. */
export function frameError(text: string): ConnectionError {
  return connectionFailure(FRAME_ERROR, text);
}

/** 502: a frame whose fields cannot be decoded. */
export function syntaxError(text: string): ConnectionError {
  return connectionFailure(SYNTAX_ERROR, text);
}

/** 503: an unknown method, or one that makes no sense in this state. */
export function commandInvalid(text: string): ConnectionError {
  return connectionFailure(COMMAND_INVALID, text);
}

/** 504: a method on a channel that is not open, or channel.open on one that is. */
export function channelError(text: string): ConnectionError {
  return connectionFailure(CHANNEL_ERROR, text);
}

/** 505: a frame type that was not expected here. */
export function unexpectedFrame(text: string): ConnectionError {
  return connectionFailure(UNEXPECTED_FRAME, text);
}

/** 530: forbidden by the broker's settings, like a limit or a vhost without permission. */
export function notAllowed(text: string): ConnectionError {
  return connectionFailure(NOT_ALLOWED, text);
}

/** 540: a part of the protocol that this broker does not have. */
export function notImplemented(text: string): ConnectionError {
  return connectionFailure(NOT_IMPLEMENTED, text);
}
