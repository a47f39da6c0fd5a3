import { isIPv4 } from 'node:net';
import type { ListenerAddress } from '../server/amqp-listener.ts';
import { hostAndPort, isLoopback } from '../server/peer-address.ts';
import { urlOf } from './start-broker.ts';

/** Whether only this machine can reach what listens there. */
export function areLoopback(addresses: readonly ListenerAddress[]): boolean {
  return addresses.every(({ host }) => isLoopback(host));
}

/** One line for one of the addresses, with what `0.0.0.0` and `::` stand for. */
export function listeningText(address: ListenerAddress, all: readonly ListenerAddress[]): string {
  const line = `AMQP listening on amqp://${hostAndPort(address.host, address.port)}`;
  const hasIPv4 = all.some(({ host }) => isIPv4(host));
  switch (address.host) {
    case '0.0.0.0':
      return `${line} (all IPv4 addresses; here ${urlOf(address)})`;
    case '::':
      return `${line} (all ${hasIPv4 ? 'IPv6 ' : ''}addresses; here ${urlOf(address)})`;
    default:
      return line;
  }
}
