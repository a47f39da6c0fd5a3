import { afterEach } from 'vitest';
import type { Broker } from '../../../src/core/broker.ts';
import {
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
} from '../../../src/testing/test-broker.ts';
import { type RawChannel, RawClient, type RawConnectOptions } from '../../servers/raw-client.ts';

const started: ProtocolBroker[] = [];

afterEach(async () => {
  for (const running of started.splice(0)) await running.close();
});

/** A broker on a free port with a virtual clock, and the raw clients that are connected to it. */
export class ProtocolBroker {
  readonly running: TestBroker;
  readonly #clients: RawClient[] = [];

  constructor(running: TestBroker) {
    this.running = running;
  }

  /** Stops by itself after the test. */
  static async start(options: TestBrokerOptions = {}): Promise<ProtocolBroker> {
    const broker = new ProtocolBroker(await startTestBroker({ ...options, amqpPort: 0 }));
    started.push(broker);
    return broker;
  }

  get broker(): Broker {
    return this.running.broker;
  }

  get port(): number {
    return Number(new URL(this.running.url ?? '').port);
  }

  /** A socket on which nothing was said yet. */
  async dial(): Promise<RawClient> {
    return this.#keep(await RawClient.dial({ port: this.port }));
  }

  /** An open connection. */
  async connect(options: Omit<RawConnectOptions, 'port'> = {}): Promise<RawClient> {
    return this.#keep(await RawClient.connect({ ...options, port: this.port }));
  }

  /** Channel 1 of a new connection. */
  async openChannel(options: Omit<RawConnectOptions, 'port'> = {}): Promise<RawChannel> {
    return (await this.connect(options)).openChannel(1);
  }

  /** A user who may do everything in the default vhost, or only what the patterns say. */
  addUser(name: string, permission: { configure?: string; write?: string; read?: string } = {}): void {
    this.broker.putUser(name, 'secret');
    this.broker.access.setPermission({
      user: name,
      vhost: '/',
      configure: '.*',
      write: '.*',
      read: '.*',
      ...permission,
    });
  }

  /** A client that does everything right is served. Throws when it is not. */
  async checkUsable(): Promise<void> {
    const channel = await this.openChannel();
    await channel.call('queue.declare', { queue: 'usable', exclusive: true });
    channel.publish({ routingKey: 'usable' }, {}, 'x');
    const got = await channel.call('basic.get', { queue: 'usable', noAck: true });
    if (got.method.name !== 'basic.get-ok') throw new Error(`basic.get was answered by ${got.method.name}`);
    await channel.client.close();
  }

  /** Waits until the broker knows of `count` connections. */
  async whenConnectionCount(count: number): Promise<void> {
    while (this.broker.connectionCount !== count) await new Promise(setImmediate);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.running.close();
  }

  #keep(client: RawClient): RawClient {
    this.#clients.push(client);
    return client;
  }
}
