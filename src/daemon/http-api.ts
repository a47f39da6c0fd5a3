import type { FastifyInstance } from 'fastify';
import type { BrokerEvent } from '../core/environment.ts';
import type { Listener, ManagementHost } from '../management/management-host.ts';
import { HttpListener, type HttpListenerOptions } from '../server/http-listener.ts';
import type { TlsMaterial } from '../server/tls-material.ts';

export interface HttpApiOptions {
  readonly hosts: readonly string[];
  /** In the clear; false: not. */
  readonly port: number | false;
  /** Over TLS, when there is a certificate; false: not. */
  readonly tlsPort: number | false;
  readonly tls: TlsMaterial | undefined;
  readonly connectionsMax: number;
  readonly host: ManagementHost;
  onEvent(event: BrokerEvent): void;
}

/** The HTTP side of a broker: the application, and what listens for it. */
export class HttpApi {
  readonly #app: FastifyInstance;
  readonly #options: HttpApiOptions;
  readonly #listeners: HttpListener[] = [];

  /** Throws a `ListenError`. */
  static async open(options: HttpApiOptions): Promise<HttpApi> {
    // loaded only when it is wanted: a broker without HTTP does not pay for it
    const { buildApp } = await import('../management/build-app.ts');
    const app = await buildApp(options.host, (error, what) =>
      options.onEvent({
        level: 'error',
        text: `defect in the HTTP API, at ${what}: ${error.stack ?? error.message}`,
      }),
    );
    await app.ready();
    const api = new HttpApi(app, options);
    try {
      await api.#listen();
    } catch (error) {
      await api.close(0);
      throw error;
    }
    return api;
  }

  private constructor(app: FastifyInstance, options: HttpApiOptions) {
    this.#app = app;
    this.#options = options;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners.flatMap(({ addresses, isEncrypted }) =>
      addresses.map((address) => ({ protocol: isEncrypted ? 'https' : 'http', ...address }) as const),
    );
  }

  /** Takes no more requests; those that run have `graceMs`. Never throws. */
  async close(graceMs: number): Promise<void> {
    await Promise.all([this.#closeApp(), ...this.#listeners.map((listener) => listener.close(graceMs))]);
  }

  /** Cuts everything off at once. */
  destroy(): void {
    for (const listener of this.#listeners) listener.destroy();
    void this.#closeApp();
  }

  async #listen(): Promise<void> {
    const { hosts, port, tlsPort, tls, connectionsMax, onEvent } = this.#options;
    const shared: Omit<HttpListenerOptions, 'port'> = {
      hosts,
      connectionsMax,
      onEvent,
      onRequest: this.#app.routing,
    };
    if (port !== false) this.#listeners.push(await HttpListener.open({ ...shared, port }));
    if (tls && tlsPort !== false)
      this.#listeners.push(await HttpListener.open({ ...shared, port: tlsPort, tls }));
  }

  /** Streams and long polls end by it. */
  async #closeApp(): Promise<void> {
    try {
      await this.#app.close();
    } catch (error) {
      this.#options.onEvent({ level: 'error', text: `while closing the HTTP API: ${String(error)}` });
    }
  }
}
