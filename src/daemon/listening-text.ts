import { isIPv4 } from 'node:net';
import type { Listener } from '../management/management-host.ts';
import type { ListenerName } from '../server/listen-error.ts';
import type { ListenerAddress } from '../server/listen-on-hosts.ts';
import { hostAndPort, isLoopback } from '../server/peer-address.ts';
import { urlOf } from './url-of.ts';

const SCHEMES: Readonly<Record<Listener['protocol'], ListenerName>> = {
  amqp: 'amqp',
  'amqp/ssl': 'amqps',
  http: 'http',
  https: 'https',
};

/** Whether only this machine can reach what listens there. */
export function areLoopback(addresses: readonly ListenerAddress[]): boolean {
  return addresses.every(({ host }) => isLoopback(host));
}

/** One line for one of the addresses, with what `0.0.0.0` and `::` stand for. */
export function listeningText(address: Listener, all: readonly ListenerAddress[]): string {
  const scheme = SCHEMES[address.protocol];
  const line = `${scheme.startsWith('amqp') ? 'AMQP' : 'HTTP'} listening on ${scheme}://${hostAndPort(address.host, address.port)}`;
  const hasIPv4 = all.some(({ host }) => isIPv4(host));
  switch (address.host) {
    case '0.0.0.0':
      return `${line} (all IPv4 addresses; here ${urlOf(address, scheme)})`;
    case '::':
      return `${line} (all ${hasIPv4 ? 'IPv6 ' : ''}addresses; here ${urlOf(address, scheme)})`;
    default:
      return line;
  }
}
