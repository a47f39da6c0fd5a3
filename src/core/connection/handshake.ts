/**
 * The opening of a connection (AMQP 0-9-1, section 2.2.4), up to connection.open-ok.
 *
 *     start sent --start-ok--> authenticating --password is right--> tune sent --tune-ok--> tuned --open--> (open)
 *                                            \--wrong--> refused
 */

import { ByteWriter } from '../../codec/byte-writer.ts';
import { decodeUtf8, encodeUtf8 } from '../../codec/bytes.ts';
import { decodeTable, type FieldTable, tableOf } from '../../codec/field-table.ts';
import { FRAME_MIN_SIZE } from '../../codec/frame.ts';
import type { Method, MethodArguments, MethodName } from '../../codec/methods.ts';
import type { Identity } from '../access/identity.ts';
import type { LoginAttempt, LoginResult } from '../access/logins.ts';
import type { BrokerEvent, Peer } from '../environment.ts';
import type { ConnectionError } from '../errors.ts';
import { channelError, commandInvalid, loginRefused, notAllowed, syntaxError } from '../failures.ts';
import { Session } from '../session/session.ts';
import type { BrokerSettings } from '../settings.ts';
import type { VirtualHost } from '../vhost/virtual-host.ts';

/** RabbitMQ's names for what clients may rely on. Only what is really done. */
const CAPABILITIES = {
  publisher_confirms: true,
  exchange_exchange_bindings: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  'connection.blocked': true,
  consumer_priorities: true,
  authentication_failure_close: true,
  per_consumer_qos: true,
  direct_reply_to: true,
};

/** The connection that is being opened. */
export interface ConnectionLink {
  readonly settings: BrokerSettings;
  readonly peer: Peer;
  /** False once it is closing or gone. */
  readonly isOpening: boolean;
  /** Sends a method on channel 0. */
  send<N extends MethodName>(name: N, args: MethodArguments<N>): void;
  setClientProperties(properties: FieldTable, mechanism: string): void;
  /** Whether the client announced a capability. */
  clientHas(capability: string): boolean;
  /** The client accepted these limits. */
  tune(channelMax: number, frameMax: number, heartbeatSeconds: number): void;
  /** The handshake is done. */
  open(session: Session): void;
  /** Closes the connection with an error. */
  fail(error: ConnectionError): void;
  /** Closes the stream without a word. */
  abandon(reason: string): void;
  log(level: BrokerEvent['level'], text: string): void;
}

/** Who knows users and vhosts. */
export interface LoginHost {
  readonly vhosts: ReadonlyMap<string, VirtualHost>;
  /** Calls `done` exactly once, maybe before it returns. */
  logIn(attempt: LoginAttempt, done: (result: LoginResult) => void): void;
  /** 530 when the vhost or the user has as many connections as it may. */
  assertRoomForConnection(vhost: VirtualHost, username: string): void;
}

/** What a client answered to a SASL mechanism. */
interface Credential {
  readonly username: string;
  /** Undefined: the transport has proven who it is (EXTERNAL). */
  readonly password: string | undefined;
}

type Stage = 'start sent' | 'authenticating' | 'tune sent' | 'tuned' | 'done';

export class Handshake {
  readonly #connection: ConnectionLink;
  readonly #host: LoginHost;
  #stage: Stage = 'start sent';
  /** Who has proven who it is. **Invariant:** there from 'tune sent' on. */
  #identity: Identity | undefined;

  constructor(connection: ConnectionLink, host: LoginHost) {
    this.#connection = connection;
    this.#host = host;
  }

  /** The protocol header was right: sends connection.start. */
  begin(): void {
    const { product, productVersion, platform, information } = this.#connection.settings;
    this.#connection.send('connection.start', {
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: tableOf({
        product,
        version: productVersion,
        platform,
        information,
        cluster_name: this.#connection.settings.nodeName,
        capabilities: CAPABILITIES,
      }),
      mechanisms: encodeUtf8(
        this.#connection.peer.certificateName === undefined ? 'AMQPLAIN PLAIN' : 'EXTERNAL AMQPLAIN PLAIN',
      ),
      locales: encodeUtf8('en_US'),
    });
  }

  onMethod(method: Method): void {
    if (method.name === 'connection.start-ok' && this.#stage === 'start sent') this.#onStartOk(method);
    else if (method.name === 'connection.tune-ok' && this.#stage === 'tune sent') this.#onTuneOk(method);
    else if (method.name === 'connection.open' && this.#stage === 'tuned') this.#onOpen(method);
    else throw channelError(`unexpected method ${method.name} while opening the connection (${this.#stage})`);
  }

  #onStartOk(method: MethodArguments<'connection.start-ok'>): void {
    this.#stage = 'authenticating';
    this.#connection.setClientProperties(method.clientProperties, method.mechanism);
    const credential = this.#credential(method.mechanism, method.response);
    const attempt = { protocol: 'amqp', ...credential, peer: this.#connection.peer } as const;
    this.#host.logIn(attempt, (result) => this.#onLogin(credential.username, method.mechanism, result));
  }

  #credential(mechanism: string, response: Uint8Array): Credential {
    const { certificateName } = this.#connection.peer;
    if (mechanism === 'PLAIN') return plain(response);
    if (mechanism === 'AMQPLAIN') return amqplain(response);
    if (mechanism === 'EXTERNAL' && certificateName !== undefined)
      return { username: certificateName, password: undefined };
    throw commandInvalid(`unknown authentication mechanism '${mechanism}': expected PLAIN or AMQPLAIN`);
  }

  /** May run later than the frame that asked for it; the connection may be closing or gone. */
  #onLogin(username: string, mechanism: string, result: LoginResult): void {
    if (!this.#connection.isOpening) return;
    if ('refused' in result) {
      this.#refuse(username, mechanism, result.refused);
      return;
    }
    this.#identity = result.identity;
    const { channelMax, frameMax, heartbeatSeconds } = this.#connection.settings;
    this.#stage = 'tune sent';
    this.#connection.send('connection.tune', { channelMax, frameMax, heartbeat: heartbeatSeconds });
  }

  #refuse(username: string, mechanism: string, reason: string): void {
    this.#connection.log('warn', `login of user '${username}' refused: ${reason}`);
    if (!this.#connection.clientHas('authentication_failure_close')) {
      this.#connection.abandon('login refused');
      return;
    }
    this.#connection.fail(
      loginRefused(
        `Login was refused using authentication mechanism ${mechanism}. For details see the broker logfile.`,
      ),
    );
  }

  #onTuneOk(method: MethodArguments<'connection.tune-ok'>): void {
    const { settings } = this.#connection;
    checkNegotiated('channel_max', method.channelMax, 0, settings.channelMax);
    checkNegotiated('frame_max', method.frameMax, FRAME_MIN_SIZE, settings.frameMax);
    this.#stage = 'tuned';
    this.#connection.tune(method.channelMax, method.frameMax, method.heartbeat);
  }

  #onOpen(method: MethodArguments<'connection.open'>): void {
    const name = method.virtualHost;
    const identity = this.#identity as Identity;
    const { username } = identity;
    const vhost = this.#host.vhosts.get(name);
    if (vhost === undefined) throw notAllowed(`vhost ${name} not found`);
    if (!identity.mayEnter(name)) {
      throw notAllowed(`access to vhost '${name}' refused for user '${username}'`);
    }
    this.#host.assertRoomForConnection(vhost, username);
    this.#stage = 'done';
    this.#connection.open(new Session(identity, vhost));
  }
}

/** 530 unless the client's value is within what was offered; 0 asks for no limit, which is more than any. */
function checkNegotiated(name: string, value: number, min: number, max: number): void {
  if (value !== 0 && value < min) {
    throw notAllowed(`negotiated ${name} = ${value} is lower than the minimum allowed value (${min})`);
  }
  if (max !== 0 && (value === 0 || value > max)) {
    const shown = value === 0 ? '0 (no limit)' : String(value);
    throw notAllowed(`negotiated ${name} = ${shown} is higher than the maximum allowed value (${max})`);
  }
}

/** RFC 4616: authorisation identity, NUL, user name, NUL, password. */
function plain(response: Uint8Array): Credential {
  const first = response.indexOf(0);
  const second = response.indexOf(0, first + 1);
  if (first < 0 || second < 0) throw syntaxError('response of mechanism PLAIN is not "\\0user\\0password"');
  return {
    username: decodeUtf8(response, first + 1, second),
    password: decodeUtf8(response, second + 1, response.length),
  };
}

/** A field table without its length, with LOGIN and PASSWORD. */
function amqplain(response: Uint8Array): Credential {
  const writer = new ByteWriter(response.length + 4);
  writer.longstr(response);
  const table: FieldTable = decodeTable(writer.bytes, 0, writer.position);
  const username = table.get('LOGIN')?.value;
  const password = table.get('PASSWORD')?.value;
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw syntaxError('response of mechanism AMQPLAIN lacks LOGIN or PASSWORD');
  }
  return { username, password };
}
