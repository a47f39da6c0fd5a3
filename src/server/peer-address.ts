import type { Socket } from 'node:net';
import type { Peer } from '../core/environment.ts';

const MAPPED_IPV4 = '::ffff:';

/** Who is at the other end of an accepted socket; undefined when it has gone already. */
export function peerOf(socket: Socket): Peer | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return undefined;
  const address = plainAddress(remoteAddress);
  return {
    remoteAddress: address,
    remotePort,
    localAddress: plainAddress(localAddress),
    localPort,
    loopback: isLoopback(address),
  };
}

/** `::ffff:10.0.0.1`, which is how a socket for both IP versions shows IPv4 peers, as `10.0.0.1`. */
export function plainAddress(address: string): string {
  return address.startsWith(MAPPED_IPV4) && address.includes('.')
    ? address.slice(MAPPED_IPV4.length)
    : address;
}

/** True for 127.0.0.0/8 and ::1. Takes a plain address. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (address.startsWith('127.') && !address.includes(':'));
}

/** `10.0.0.1:5672` or `[::1]:5672`. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
