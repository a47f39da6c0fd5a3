import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Peer } from '../core/environment.ts';
import { contextOf, type TlsMaterial } from '../server/tls-material.ts';
import type { LeaseRecord } from './lease-store.ts';
import { encodePreface, type PassedProtocol, PREFACE_TAKEN } from './peer-preface.ts';

/** Where clients are passed through to: what the lease record says of its owner. */
export interface PassTarget {
  readonly host: string;
  readonly port: number;
  /** New with each term: another token is another owner. */
  readonly token: string;
}

/** What `record` says; undefined when nothing can be reached there: another node has written it. */
export function passTargetOf({
  peerAddress,
  peerToken: token,
}: Pick<LeaseRecord, 'peerAddress' | 'peerToken'>): PassTarget | undefined {
  const url = `tcp://${peerAddress}`;
  if (!URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  return port === '' ? undefined : { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port), token };
}

export function isSameTarget(one: PassTarget | undefined, other: PassTarget | undefined): boolean {
  return one?.host === other?.host && one?.port === other?.port && one?.token === other?.token;
}

export interface JoinOptions {
  readonly target: PassTarget;
  readonly protocol: PassedProtocol;
  /** The client whose bytes are to be passed. */
  readonly peer: Peer;
  /** What this node itself listens with. Absent: nodes speak in the clear. */
  readonly tls?: TlsMaterial | undefined;
}

/** For connecting, the handshake of TLS, and the answer, together. */
const JOIN_TIMEOUT_MS = 5_000;
/** A host that is gone without a word is noticed at last. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Opens a connection to the owner and waits until it has taken the preface. Then `onJoined` gets the socket, paused, on which
 * nothing of the client was sent yet; or `onFailed` what went wrong, and the client may be tried again. Returns how to give it
 * up: nothing is called then.
 */
export function joinOwner(
  options: JoinOptions,
  onJoined: (socket: Socket) => void,
  onFailed: (error: Error) => void,
): () => void {
  const socket = openSocket(options);
  const fail = (error: Error): void => {
    stop();
    onFailed(error);
  };
  const onData = (chunk: Uint8Array): void => {
    if (chunk[0] !== PREFACE_TAKEN) {
      fail(new Error('it answers as no node of a cluster does'));
      return;
    }
    forget();
    socket.pause();
    // of the broker, should it speak first
    if (chunk.length > 1) socket.unshift(chunk.subarray(1));
    onJoined(socket);
  };
  const onClosed = (): void =>
    fail(new Error('it closed the connection before it took it; its log says why'));
  const timer = setTimeout(
    () => fail(new Error(`it did not answer within ${JOIN_TIMEOUT_MS} ms`)),
    JOIN_TIMEOUT_MS,
  );
  timer.unref();
  const forget = (): void => {
    clearTimeout(timer);
    socket.off('data', onData).off('end', onClosed).off('close', onClosed).off('error', fail);
  };
  const stop = (): void => {
    forget();
    // it may fail while it closes
    socket.on('error', () => {});
    socket.destroy();
  };
  socket.on('data', onData).on('end', onClosed).on('close', onClosed).on('error', fail);
  sendPreface(socket, options);
  return stop;
}

/** It leaves once there is a connection. */
function sendPreface(socket: Socket, { target: { token }, protocol, peer }: JoinOptions): void {
  try {
    socket.write(encodePreface({ token, protocol, peer }));
  } catch (error) {
    socket.destroy(error as Error);
  }
}

function openSocket({ target: { host, port }, tls }: JoinOptions): Socket {
  const tcp = {
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    allowHalfOpen: true,
  };
  if (tls === undefined) return connect(tcp);
  const { context } = tls;
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ ...tcp, ...contextOf({ context, verifyPeer: 'none' }), ...servername });
}
