import type { Peer } from '../environment.ts';

/** Both ends of the stream, as RabbitMQ names a connection: `127.0.0.1:50312 -> 127.0.0.1:5672`. */
export function connectionName({ remoteAddress, remotePort, localAddress, localPort }: Peer): string {
  return `${endName(remoteAddress, remotePort)} -> ${endName(localAddress, localPort)}`;
}

/** An IPv6 address in brackets. */
function endName(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
