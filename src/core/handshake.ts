/**
 * The opening of a connection (AMQP 0-9-1, section 2.2.4), up to connection.open-ok.
 *
 *     start sent --start-ok--> authenticating --password is right--> tune sent --tune-ok--> tuned --open--> (open)
 *                                            \--wrong--> refused
 */

import { ByteWriter } from '../codec/byte-writer.ts';
import { decodeUtf8, encodeUtf8 } from '../codec/bytes.ts';
import { decodeTable, type FieldTable, tableOf } from '../codec/field-table.ts';
import { FRAME_MIN_SIZE } from '../codec/frame.ts';
import type { Method, MethodArguments } from '../codec/methods.ts';
import type { Broker } from './broker.ts';
import type { Connection } from './connection.ts';
import { channelError, commandInvalid, loginRefused, notAllowed, syntaxError } from './failures.ts';
import { Session } from './session.ts';

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

/** What a client answered to a SASL mechanism. */
interface Credential {
  readonly username: string;
  /** Undefined: the transport has proven who it is (EXTERNAL). */
  readonly password: string | undefined;
}

type Stage = 'start sent' | 'authenticating' | 'tune sent' | 'tuned' | 'done';

export class Handshake {
  readonly #connection: Connection;
  readonly #broker: Broker;
  #stage: Stage = 'start sent';
  #username = '';

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#broker = connection.broker;
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
    this.#connection.setClientProperties(method.clientProperties);
    const { username, password } = this.#credential(method.mechanism, method.response);
    this.#username = username;
    if (password === undefined) {
      this.#onVerified(this.#broker.access.users.has(username), method.mechanism);
      return;
    }
    const hash = this.#broker.access.users.get(username)?.passwordHash;
    const { credentials } = this.#broker.runtime.environment;
    credentials.verify(password, hash, (matches) => this.#onVerified(matches, method.mechanism));
  }

  #credential(mechanism: string, response: Uint8Array): Credential {
    const { certificateName } = this.#connection.peer;
    if (mechanism === 'PLAIN') return plain(response);
    if (mechanism === 'AMQPLAIN') return amqplain(response);
    if (mechanism === 'EXTERNAL' && certificateName !== undefined)
      return { username: certificateName, password: undefined };
    throw commandInvalid(`unknown authentication mechanism '${mechanism}': expected PLAIN or AMQPLAIN`);
  }

  /** May run later than the frame that asked for it; the connection may be gone. */
  #onVerified(matches: boolean, mechanism: string): void {
    if (this.#connection.isClosed) return;
    const { loopbackUsers, channelMax, frameMax, heartbeatSeconds } = this.#connection.settings;
    const allowedHere = this.#connection.peer.loopback || !loopbackUsers.includes(this.#username);
    if (!matches || !allowedHere) {
      this.#refuse(mechanism, matches ? 'may log in only from this machine' : 'wrong user name or password');
      return;
    }
    this.#stage = 'tune sent';
    this.#connection.send('connection.tune', { channelMax, frameMax, heartbeat: heartbeatSeconds });
  }

  #refuse(mechanism: string, reason: string): void {
    this.#connection.log('warn', `login of user '${this.#username}' refused: ${reason}`);
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
    const vhost = this.#broker.vhosts.get(name);
    if (vhost === undefined) throw notAllowed(`vhost ${name} not found`);
    if (!this.#broker.access.mayEnter(this.#username, name)) {
      throw notAllowed(`access to vhost '${name}' refused for user '${this.#username}'`);
    }
    this.#broker.assertRoomForConnection(vhost, this.#username);
    this.#stage = 'done';
    this.#connection.open(new Session(this.#broker.access, this.#username, vhost));
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
