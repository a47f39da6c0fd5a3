import { hostAndPort } from './peer-address.ts';

/** Why a listener could not be opened. Stable: programs may compare them. */
export type ListenErrorCode =
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_NOT_AVAILABLE'
  | 'PORT_NOT_PERMITTED'
  | 'HOST_NOT_FOUND'
  | 'LISTEN_FAILED';

const CODES: ReadonlyMap<string, ListenErrorCode> = new Map([
  ['EADDRINUSE', 'ADDRESS_IN_USE'],
  ['EADDRNOTAVAIL', 'ADDRESS_NOT_AVAILABLE'],
  ['EAFNOSUPPORT', 'ADDRESS_NOT_AVAILABLE'],
  ['EACCES', 'PORT_NOT_PERMITTED'],
  ['ENOTFOUND', 'HOST_NOT_FOUND'],
  ['EAI_AGAIN', 'HOST_NOT_FOUND'],
]);

/** What listens for clients. An option for its port is called like it, with `-port` behind. */
export type ListenerName = 'amqp' | 'amqps' | 'http' | 'https';
/** What listens for other nodes, besides. */
export type AnyListenerName = ListenerName | 'cluster';

/** An operating error: the broker cannot listen where it was told to. Which option to change is said by whoever took the options. */
export class ListenError extends Error {
  readonly code: ListenErrorCode;
  readonly listener: AnyListenerName;
  readonly host: string;
  readonly port: number;

  constructor(
    listener: AnyListenerName,
    { host, port }: { readonly host: string; readonly port: number },
    cause: NodeJS.ErrnoException,
  ) {
    const code = CODES.get(cause.code ?? '') ?? 'LISTEN_FAILED';
    super(`cannot listen on ${hostAndPort(host, port)}: ${explain(code, port, cause)}`, { cause });
    this.name = 'ListenError';
    this.code = code;
    this.listener = listener;
    this.host = host;
    this.port = port;
  }
}

function explain(code: ListenErrorCode, port: number, cause: Error): string {
  switch (code) {
    case 'ADDRESS_IN_USE':
      return 'the port is in use by another program; stop it, or choose another port (0: any free one)';
    case 'ADDRESS_NOT_AVAILABLE':
      return 'this machine does not have that address; choose another';
    case 'PORT_NOT_PERMITTED':
      return `this user may not use port ${port}; choose one above 1023`;
    case 'HOST_NOT_FOUND':
      return 'that name has no address; correct it';
    case 'LISTEN_FAILED':
      return `${cause.message}; choose another address or port`;
  }
}
