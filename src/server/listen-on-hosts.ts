import { once } from 'node:events';
import { isIPv4, type Server } from 'node:net';
import { type AnyListenerName, ListenError } from './listen-error.ts';

/** Other programs may hold the port on one address that was found free on another. */
const ANY_PORT_ATTEMPTS = 10;
/** Sockets that wait in the kernel. Many clients come back in the same second after a restart. */
const BACKLOG = 4096;

/** Where a listener listens. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ListenOptions {
  readonly name: AnyListenerName;
  /** Addresses or names. `localhost` means 127.0.0.1, and ::1 where the machine has it. */
  readonly hosts: readonly string[];
  /** 0 takes a free one, the same on all hosts. */
  readonly port: number;
  /** A server that does not listen yet, one for each host. */
  createServer(): Server;
}

export interface ListeningServer {
  readonly server: Server;
  readonly address: ListenerAddress;
}

interface Host {
  readonly name: string;
  /** Left out without a word when the machine does not have it. */
  readonly optional: boolean;
}

/** Listens on all hosts, or on none: then it throws a `ListenError`. */
export async function listenOnHosts(options: ListenOptions): Promise<readonly ListeningServer[]> {
  const attempts = options.port === 0 ? ANY_PORT_ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    const listening: ListeningServer[] = [];
    try {
      await listenOnEach(options, listening);
      return listening;
    } catch (error) {
      for (const { server } of listening) server.close();
      const taken = error instanceof ListenError && error.code === 'ADDRESS_IN_USE';
      if (!taken || attempt >= attempts) throw error;
    }
  }
}

/** Adds to `listening` what listens, also when it throws. */
async function listenOnEach(options: ListenOptions, listening: ListeningServer[]): Promise<void> {
  let port = options.port;
  const hosts = options.hosts.flatMap(expandHost);
  // `::` alone takes IPv4 peers as well, and would then be in the way of an IPv4 address on the same port
  const ipv6Only = hosts.some(({ name }) => isIPv4(name));
  for (const host of hosts) {
    const server = options.createServer();
    const failure = await listenOn(server, options.name, { host: host.name, port, ipv6Only });
    if (failure?.code === 'ADDRESS_NOT_AVAILABLE' && host.optional) continue;
    if (failure) throw failure;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error(`no TCP address: ${address}`);
    port = address.port;
    listening.push({ server, address: { host: address.address, port } });
  }
}

function expandHost(name: string): Host[] {
  if (name !== 'localhost') return [{ name, optional: false }];
  return [
    { name: '127.0.0.1', optional: false },
    { name: '::1', optional: true },
  ];
}

/** Returns undefined when it listens. */
async function listenOn(
  server: Server,
  name: AnyListenerName,
  address: { host: string; port: number; ipv6Only: boolean },
): Promise<ListenError | undefined> {
  try {
    server.listen({ ...address, backlog: BACKLOG });
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return new ListenError(name, address, error as NodeJS.ErrnoException);
  }
}
