import { openAmqplibTransport } from './amqplib-transport.ts';
import { ConnectionClosedError } from './client-errors.ts';
import { Refused } from './client-failures.ts';
import type { ClientOptions } from './client-options.ts';
import type { DirectConnectionOptions } from './direct-connection.ts';
import { type EmbeddedBroker, openDirectTransport } from './direct-transport.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** A URL like `amqp://user:password@host:5672/vhost`, or a broker in this process. */
export type BrokerAddress = string | EmbeddedBroker;

export async function openTransport(
  address: BrokerAddress | (() => BrokerAddress),
  options: ClientOptions,
  events: TransportEvents,
  signal: AbortSignal,
): Promise<Transport> {
  const current = typeof address === 'function' ? address() : address;
  try {
    if (typeof current !== 'string')
      return await openDirectTransport(current, directOptions(options, signal), events);
    const { connectionName, tls } = options;
    return await openAmqplibTransport({ url: checkedUrl(current), connectionName, tls, signal }, events);
  } catch (reason) {
    const url = typeof current === 'string' && URL.canParse(current) ? new URL(current) : undefined;
    throw refusal(reason, url) ?? unreachable(reason, url) ?? reason;
  }
}

/** What is not given is left out: the broker has defaults of its own. */
function directOptions(options: ClientOptions, signal: AbortSignal): DirectConnectionOptions {
  const { username, password, vhost, connectionName } = options;
  return {
    signal,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(vhost !== undefined && { vhost }),
    ...(connectionName !== undefined && { connectionName }),
  };
}

/** The text may hold a password: an error does not repeat it. */
function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'amqp:' || url?.protocol === 'amqps:') return text;
  const found = url === undefined ? 'a text that is no URL' : `a URL with ${url.protocol}`;
  throw new TypeError(`address: found ${found}; allowed: amqp://user:password@host:port/vhost, or amqps:`);
}

/** What the broker said instead of opening the connection. */
function refusal(reason: unknown, url: URL | undefined): Refused | undefined {
  if (reason instanceof ConnectionClosedError)
    return new Refused(reason.replyCode, reason.replyText, 'connect');
  if (!(reason instanceof Error)) return undefined;
  // amqplib does not say what the broker said here; it is 530 for a vhost that is not to be had
  if (reason.message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose')) {
    const vhost = decodeURIComponent(url?.pathname.slice(1) ?? '') || '/';
    const text = `NOT_ALLOWED - vhost '${vhost}' does not exist, takes no more connections, or is closed to this user`;
    return new Refused(530, text, 'connect');
  }
  const [, code, text] = /terminated by server: (\d+) .* with message "(.*)"$/s.exec(reason.message) ?? [];
  return code === undefined || text === undefined ? undefined : new Refused(Number(code), text, 'connect');
}

/** What the system says of a socket does not name the broker, and is empty where a host has several addresses. */
function unreachable(reason: unknown, url: URL | undefined): Error | undefined {
  if (!(reason instanceof Error) || url === undefined) return undefined;
  const { code, message } = reason as NodeJS.ErrnoException;
  if (code === undefined || !SOCKET_CODES.has(code)) return undefined;
  const text = `no broker answers at ${url.protocol}//${url.host}: ${message || code}; is it running, and is that its address?`;
  return Object.assign(new Error(text, { cause: reason }), { code });
}

const SOCKET_CODES: ReadonlySet<string> = new Set(
  'ECONNREFUSED ECONNRESET EHOSTUNREACH ENETUNREACH ETIMEDOUT ENOTFOUND EAI_AGAIN'.split(' '),
);
