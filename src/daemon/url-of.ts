import type { ListenerName } from '../server/listen-error.ts';
import type { ListenerAddress } from '../server/listen-on-hosts.ts';
import { hostAndPort } from '../server/peer-address.ts';
import type { Doors } from './doors.ts';

/** What a client on this machine connects to: an address that stands for all of them is no address to connect to. */
export function urlOf({ host, port }: ListenerAddress, scheme: ListenerName = 'amqp'): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${scheme}://${hostAndPort(reachable, port)}`;
}

/** Of the HTTP API, for clients on this machine: in the clear where there is a choice. */
export function httpUrlOf(doors: Doors): string | undefined {
  const [plain, encrypted] = [doors.first('http'), doors.first('https')];
  if (plain) return urlOf(plain, 'http');
  return encrypted && urlOf(encrypted, 'https');
}
