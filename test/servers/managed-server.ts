import { freePort } from './free-port.ts';
import { startLeveret } from './leveret.ts';
import { startRabbitmq } from './rabbitmq.ts';
import type { Server } from './server.ts';

/** A broker with its management API. */
export interface ManagedServer {
  readonly server: Server;
  /** `http://127.0.0.1:PORT` */
  readonly httpUrl: string;
  /** Asks the API as guest; throws unless the answer is a success. */
  ask(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Leveret in memory. */
export async function startManagedLeveret(): Promise<ManagedServer> {
  const server = await startLeveret();
  return new Managed(server, server.httpUrl);
}

/** Debian's RabbitMQ with the management plugin, which says ten times a second how things are, and not every five seconds. */
export async function startManagedRabbitmq(plugins: readonly string[] = []): Promise<ManagedServer> {
  const port = await freePort();
  const server = await startRabbitmq({
    plugins: ['rabbitmq_management', ...plugins],
    configuration: [
      'management.tcp.ip = 127.0.0.1',
      `management.tcp.port = ${port}`,
      'collect_statistics_interval = 100',
    ],
  });
  return new Managed(server, `http://127.0.0.1:${port}`);
}

class Managed implements ManagedServer {
  readonly server: Server;
  readonly httpUrl: string;

  constructor(server: Server, httpUrl: string) {
    this.server = server;
    this.httpUrl = httpUrl;
  }

  readonly ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
    const answer = await fetch(`${this.httpUrl}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.ok) return text === '' ? undefined : JSON.parse(text);
    throw new Error(`${this.server.product}: ${method} ${path} was answered with ${answer.status}: ${text}`);
  };

  close(): Promise<void> {
    return this.server.close();
  }
}
