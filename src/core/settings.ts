/** What an operator can set, as plain values that were validated where they came from. */
export interface BrokerSettings {
  /** What the broker calls itself to clients. Client libraries turn features on and off by it. */
  readonly product: string;
  readonly productVersion: string;
  readonly platform: string;
  readonly information: string;
  /** Part of names that must be unique among brokers. */
  readonly nodeName: string;
  /** Largest frame offered in connection.tune, in bytes. */
  readonly frameMax: number;
  /** Most channels of one connection. */
  readonly channelMax: number;
  /** Interval offered in connection.tune; 0: none. */
  readonly heartbeatSeconds: number;
  /** From accepting the stream to connection.open. */
  readonly handshakeTimeoutMs: number;
  /** Largest message body. */
  readonly messageBytesMax: number;
  /** Most connections at once, of all users and vhosts. */
  readonly connectionsMax: number;
  readonly defaultVhost: string;
  readonly defaultUser: string;
  /** Users who may log in only from this machine. */
  readonly loopbackUsers: readonly string[];
  /** How long a consumer may keep a message before its channel is closed; 0: for ever. */
  readonly consumerTimeoutMs: number;
  /** Whether the recent past is kept, and delays are measured; counters count in any case. */
  readonly statistics: boolean;
}

/** What a broker starts with. The password is not kept: only its hash is. */
export interface InitialSettings extends BrokerSettings {
  readonly defaultPassword: string;
}

export const DEFAULT_SETTINGS: InitialSettings = {
  product: 'RabbitMQ',
  productVersion: '3.13.7',
  platform: 'Leveret',
  information: 'Leveret, an AMQP 0-9-1 message broker',
  nodeName: 'leveret@localhost',
  frameMax: 131_072,
  channelMax: 2047,
  heartbeatSeconds: 60,
  handshakeTimeoutMs: 10_000,
  messageBytesMax: 128 * 1024 * 1024,
  connectionsMax: 65_536,
  defaultVhost: '/',
  defaultUser: 'guest',
  defaultPassword: 'guest',
  loopbackUsers: ['guest'],
  consumerTimeoutMs: 0,
  statistics: true,
};
