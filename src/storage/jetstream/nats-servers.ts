import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { StorageError } from '../file/storage-error.ts';

/** A server as `--nats` names it. */
export interface NatsServer {
  readonly host: string;
  readonly port: number;
  /** `host:port`, for texts: what is secret is not in it. */
  readonly label: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** `tls://`: it is not spoken to without. */
  readonly wantsTls: boolean;
}

/** Where a server was found to answer. */
export interface NatsAddress {
  readonly address: string;
  readonly speaksTls: boolean;
}

const DEFAULT_PORT = 4222;
/** The first line of a server is much shorter, but for the addresses of its cluster. */
const GREETING_BYTES_MAX = 64 * 1024;

/** Reads `nats://user:password@host:4222`, `tls://token@host`, `host:4222`. Throws a StorageError NATS_UNREACHABLE that shows no password. */
export function readNatsServers(urls: readonly string[]): readonly NatsServer[] {
  if (urls.length === 0) {
    throw new StorageError(
      'NATS_UNREACHABLE',
      'no server of NATS is named: give --nats nats://a,nats://b,nats://c',
    );
  }
  return urls.map(readServer);
}

function readServer(text: string): NatsServer {
  const url = parsedUrl(text.includes('://') ? text : `nats://${text}`);
  if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw new StorageError(
      'NATS_UNREACHABLE',
      `--nats has ${JSON.stringify(withoutSecret(text))}: an address is nats://host:4222 or tls://host:4222, with user:password@ or ` +
        'token@ in front of the host where one is needed',
    );
  }
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const first = decodeURIComponent(url.username);
  const second = decodeURIComponent(url.password);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    label: `${url.hostname}:${port}`,
    wantsTls: url.protocol === 'tls:',
    ...(first === '' ? {} : second === '' ? { token: first } : { user: first, password: second }),
  };
}

function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function withoutSecret(text: string): string {
  return text.replace(/\/\/.*@/, '//***@').replace(/^[^/]*@/, '***@');
}

/** The addresses behind the name of a server, which may be several; that of a numeric one is itself. */
export async function addressesOf(server: NatsServer): Promise<readonly string[]> {
  const found = await lookup(server.host, { all: true });
  return found.map(({ address }) => address);
}

/**
 * Whether something at `address` greets as a server of NATS does. Asked before the client of NATS is, which cannot be called off:
 * an attempt at a machine that swallows packets would stay behind for minutes.
 */
export function greeting(address: string, port: number, timeoutMs: number): Promise<NatsAddress> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    let text = '';
    const end = (act: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      act();
    };
    const timer = setTimeout(
      () => end(() => reject(new Error(`no answer within ${timeoutMs} ms`))),
      timeoutMs,
    );
    socket.setEncoding('latin1');
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('close', () => end(() => reject(new Error('it closes the connection'))));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\r\n') && text.length < GREETING_BYTES_MAX) return;
      const speaksTls = tlsOfGreeting(text);
      if (speaksTls === undefined) end(() => reject(new Error('what answers there is no server of NATS')));
      else end(() => resolve({ address, speaksTls }));
    });
  });
}

function tlsOfGreeting(text: string): boolean | undefined {
  const json = /^INFO (\{.*\})\s*\r\n/.exec(text)?.[1];
  if (json === undefined) return undefined;
  try {
    const said = JSON.parse(json) as { tls_required?: unknown; tls_available?: unknown };
    return said.tls_required === true || said.tls_available === true;
  } catch {
    return undefined;
  }
}
