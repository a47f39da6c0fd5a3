import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net';

/**
 * A TCP proxy between a client and a broker, for trouble on the line.
 */
export class TcpProxy {
  readonly port: number;
  #server: NetServer;
  #sockets = new Set<Socket>();

  private constructor(server: NetServer, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Listens on a free loopback port and passes everything on to `target`. */
  static async start(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TcpProxy(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => proxy.#join(client, connect(target.port, target.host)));
    return proxy;
  }

  get amqpUrl(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  /** Resets every open connection, as a crashed machine or a firewall would. New ones are accepted. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #join(client: Socket, broker: Socket): void {
    for (const [from, to] of [[client, broker] as const, [broker, client] as const]) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      // A reset on one side becomes the end of the other: that is what the proxy is there to pass on.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
