import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Peer } from '../core/environment.ts';

/** A connection that is kept alive has many requests. */
const peers = new WeakMap<Socket, Peer>();
/** Those that came by way of another node. */
const passedOn = new WeakSet<Socket>();

/** To be called before the first request on `socket`, which another node has opened: whose requests they are. */
export function setPeer(socket: Socket, peer: Peer): void {
  peers.set(socket, peer);
  passedOn.add(socket);
}

/** Whether a request is encrypted on its way, from where it comes to the node that it comes to. */
export function isEncrypted({ raw: { socket } }: FastifyRequest): boolean {
  if (passedOn.has(socket)) return peers.get(socket)?.tls !== undefined;
  return 'encrypted' in socket && socket.encrypted === true;
}

/** Who is at the other end of the connection that a request came on. Runs per request. */
export function peerOf({ raw: { socket } }: FastifyRequest): Peer {
  let peer = peers.get(socket);
  if (peer === undefined) {
    peer = makePeer(socket);
    peers.set(socket, peer);
  }
  return peer;
}

function makePeer({ remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 }: Socket): Peer {
  const address = plain(remoteAddress);
  const loopback = address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
  return { remoteAddress: address, remotePort, localAddress: plain(localAddress), localPort, loopback };
}

/** A socket for both IP versions shows IPv4 peers as `::ffff:10.0.0.1`. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
