import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LOWEST = 10_000;
const TRIES_MAX = 100;
const RANGE_FILE = '/proc/sys/net/ipv4/ip_local_port_range';
/** The default of Linux. */
const EPHEMERAL_FROM = 32_768;

/**
 * A free TCP port of 127.0.0.1 that the system gives to nobody by itself. Clients that try to connect again and again while
 * nothing listens could otherwise be given the very port as their own: they would be connected to themselves, and the broker
 * could not start.
 */
export async function portForRestarts(): Promise<number> {
  const range = existsSync(RANGE_FILE) ? readFileSync(RANGE_FILE, 'utf8') : '';
  const ephemeralFrom = Number(/^\d+/.exec(range)?.[0] ?? EPHEMERAL_FROM);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (ephemeralFrom - LOWEST));
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${TRIES_MAX} ports from ${LOWEST} to ${ephemeralFrom - 1} was free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const failed = once(server, 'error').then(() => false);
  const listening = once(server.listen(port, '127.0.0.1'), 'listening').then(() => true);
  listening.catch(() => undefined);
  const free = await Promise.race([failed, listening]);
  if (free) {
    server.close();
    await once(server, 'close');
  }
  return free;
}
