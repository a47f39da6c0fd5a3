import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import type { BrokerEvent, Peer } from '../core/environment.ts';
import type { BrokerSettings } from '../core/settings.ts';
import type { Listener, ServerCertificate } from '../management/management-host.ts';
import type { AmqpBroker } from '../server/amqp-broker.ts';
import { AmqpListener } from '../server/amqp-listener.ts';
import { HttpListener, type HttpListenerOptions } from '../server/http-listener.ts';
import type { ListenerName } from '../server/listen-error.ts';
import { CertificateFiles } from './certificate-files.ts';
import type { OptionValues } from './options.ts';

/** Peers on other machines that have not logged in: all of them (about 30 MB of memory), and those of one address. */
const UNAUTHENTICATED_MAX = 1_000;
const UNAUTHENTICATED_PER_ADDRESS_MAX = 50;
/** HTTP has its share of the sockets that the process may open. */
const HTTP_CONNECTIONS_MAX = 4_096;

/** Who is behind the doors. */
export interface DoorsOptions {
  readonly values: OptionValues;
  readonly settings: BrokerSettings;
  readonly broker: AmqpBroker;
  /** What it listens with over TLS; undefined: it does not. */
  readonly certificates: CertificateFiles | undefined;
  /** Runs per chunk of AMQP. */
  onReceived(byteCount: number): void;
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onEvent(event: BrokerEvent): void;
}

/** Where a node listens for clients: AMQP and HTTP, each in the clear and over TLS. */
export class Doors {
  readonly #options: DoorsOptions;
  #amqp: readonly AmqpListener[] = [];
  #http: readonly HttpListener[] = [];

  /** Listens nowhere yet. */
  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  /** Listens for HTTP where the options say so. Throws a `ListenError`. */
  async openHttp(): Promise<void> {
    const { values, certificates: tls } = this.#options;
    if (values.httpPort !== false) await this.#listenHttp({ port: values.httpPort });
    if (tls && values.httpsPort !== false) await this.#listenHttp({ port: values.httpsPort, tls });
  }

  /** Listens for AMQP where the options say so. Throws a `ListenError`. */
  async openAmqp(): Promise<void> {
    const { values, certificates: tls } = this.#options;
    this.#amqp = [];
    if (values.amqpPort !== false) await this.#listenAmqp(values.amqpPort);
    if (tls && values.amqpsPort !== false) await this.#listenAmqp(values.amqpsPort, tls);
  }

  get listeners(): readonly Listener[] {
    const amqp = this.#amqp.flatMap(({ addresses, isEncrypted }) =>
      addresses.map((address) => ({ protocol: isEncrypted ? 'amqp/ssl' : 'amqp', ...address }) as const),
    );
    const http = this.#http.flatMap(({ addresses, isEncrypted }) =>
      addresses.map((address) => ({ protocol: isEncrypted ? 'https' : 'http', ...address }) as const),
    );
    return [...amqp, ...http];
  }

  get ports(): { readonly [N in ListenerName]: number | undefined } {
    return {
      amqp: this.first('amqp')?.port,
      amqps: this.first('amqp/ssl')?.port,
      http: this.first('http')?.port,
      https: this.first('https')?.port,
    };
  }

  first(protocol: Listener['protocol']): Listener | undefined {
    return this.listeners.find((each) => each.protocol === protocol);
  }

  serverCertificates(): readonly ServerCertificate[] {
    const { certificates } = this.#options;
    return certificates ? [certificates.certificate] : [];
  }

  /** Takes a connection of a client that another node has accepted. */
  adoptAmqp(socket: Socket, peer: Peer): void {
    const [listener] = this.#amqp;
    if (listener === undefined) socket.destroy();
    else listener.adopt(socket, peer);
  }

  adoptHttp(socket: Socket): void {
    const [listener] = this.#http;
    if (listener === undefined) socket.destroy();
    else listener.adopt(socket);
  }

  /** Takes no more AMQP connections; those that are there stay. */
  closeAmqp(): void {
    for (const listener of this.#amqp) listener.close();
  }

  /** Takes no more requests; those that run have `graceMs`. */
  async closeHttp(graceMs: number): Promise<void> {
    await Promise.all(this.#http.map((listener) => listener.close(graceMs)));
  }

  /** Cuts every AMQP connection that is still there. */
  destroyConnections(reason: string): void {
    for (const listener of this.#amqp) listener.destroyConnections(reason);
  }

  /** Closes everything at once. */
  destroy(reason: string): void {
    this.#options.certificates?.close();
    for (const listener of this.#http) listener.destroy();
    this.closeAmqp();
    this.destroyConnections(reason);
  }

  async #listenHttp(door: Pick<HttpListenerOptions, 'port' | 'tls'>): Promise<void> {
    const { values, settings, onRequest, onEvent } = this.#options;
    const connectionsMax = Math.min(HTTP_CONNECTIONS_MAX, Math.ceil(settings.connectionsMax / 2));
    const shared = { hosts: values.host, connectionsMax, onRequest, onEvent };
    this.#http = [...this.#http, await HttpListener.open({ ...shared, ...door })];
  }

  async #listenAmqp(port: number, tls?: CertificateFiles): Promise<void> {
    const { values, settings, broker, onReceived, onEvent } = this.#options;
    const listener = await AmqpListener.open(broker, {
      hosts: values.host,
      port,
      ...(tls && { tls }),
      connectionsMax: settings.connectionsMax,
      unauthenticatedMax: UNAUTHENTICATED_MAX,
      // while there is no owner, all clients of a machine wait
      unauthenticatedPerAddressMax:
        values.storage === 'jetstream' ? UNAUTHENTICATED_MAX : UNAUTHENTICATED_PER_ADDRESS_MAX,
      onEvent,
      onReceived,
    });
    this.#amqp = [...this.#amqp, listener];
  }
}

/** Whether there is to be HTTP at all: a broker without it loads nothing of it. */
export function wantsHttp({ httpPort, httpsPort, tlsCert }: OptionValues): boolean {
  return httpPort !== false || (tlsCert !== '' && httpsPort !== false);
}

/** Reads the certificate that the options name, if they do. */
export function openCertificates(
  values: OptionValues,
  onEvent: (event: BrokerEvent) => void,
): CertificateFiles | undefined {
  const { tlsCert: cert, tlsKey: key, tlsCa: ca, tlsVerifyPeer, tlsCertLoginFrom } = values;
  if (cert === '') return undefined;
  const paths = { cert: resolve(cert), key: resolve(key), ca: ca === '' ? '' : resolve(ca) };
  return new CertificateFiles({ ...paths, verifyPeer: tlsVerifyPeer, nameSource: tlsCertLoginFrom, onEvent });
}
