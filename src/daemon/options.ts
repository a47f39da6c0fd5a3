import { hostname } from 'node:os';
import type { VerifyPeer } from '../server/tls-material.ts';
import type { CertificateNameSource } from './certificate-files.ts';
import { defaultMemoryBudget, MEMORY_BUDGET_MIN } from './memory-size.ts';
import { OptionError } from './option-error.ts';
import {
  byteSize,
  directory,
  memoryShare,
  names,
  type OptionKind,
  oneOf,
  optionalFile,
  optionalHost,
  optionalSource,
  optionalText,
  plainName,
  port,
  portOrNone,
  someOf,
  text,
  wholeNumber,
  wholeNumberOf,
} from './option-kinds.ts';
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from './token-algorithms.ts';
import { VERSION } from './version.ts';

/** A valid value for every option. */
export interface OptionValues {
  readonly host: readonly string[];
  /** false: none. */
  readonly amqpPort: number | false;
  readonly httpPort: number | false;
  readonly httpHostNames: readonly string[];
  readonly amqpsPort: number | false;
  readonly httpsPort: number | false;
  /** '' in these: none. */
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tlsCa: string;
  readonly tlsVerifyPeer: VerifyPeer;
  readonly tlsCertLoginFrom: CertificateNameSource;
  readonly dataDir: string;
  readonly storage: Storage;
  readonly memoryBudget: number;
  readonly diskFreeLimit: number;
  readonly nats: readonly string[];
  readonly natsMonitor: readonly string[];
  readonly natsCredentials: string;
  readonly natsCa: string;
  readonly natsAcceptLoss: 'on' | 'off';
  readonly clusterName: string;
  readonly nodeName: string;
  readonly lease: number;
  readonly standby: StandbyMode;
  readonly clusterPort: number;
  /** '': the host name. */
  readonly clusterHost: string;
  readonly memoryHighWatermark: number;
  readonly maxConnections: number;
  readonly maxMessageSize: number;
  readonly frameMax: number;
  readonly channelMax: number;
  readonly heartbeat: number;
  readonly consumerTimeout: number;
  readonly statistics: 'on' | 'off';
  readonly openTelemetry: 'on' | 'off';
  readonly defaultUser: string;
  readonly defaultPassword: string;
  readonly defaultVhost: string;
  readonly loopbackUsers: readonly string[];
  readonly metricsAnonymous: 'on' | 'off';
  /** '': nobody logs in with a token. */
  readonly oauthJwks: string;
  readonly oauthIssuer: string;
  readonly oauthResourceServerId: string;
  readonly oauthScopePrefix: string;
  readonly oauthAlgorithms: readonly TokenAlgorithm[];
  readonly oauthUsernameClaims: readonly string[];
  /** '': only in memory. */
  readonly auditLog: string;
  readonly product: string;
  readonly productVersion: string;
  readonly logLevel: LogLevel;
}

export type OptionName = keyof OptionValues;
export type LogLevel = 'none' | 'error' | 'warn' | 'info';
/** What keeps the messages. */
export type Storage = 'file' | 'memory' | 'jetstream';
/** What a node of a cluster does with clients while another one owns the log. */
export type StandbyMode = 'pass' | 'refuse';

/** One option. Everything else that is known about it (flag, environment variable, file key) comes from its name. */
export interface OptionDefinition<T> {
  readonly group: OptionGroup;
  readonly kind: OptionKind<T>;
  readonly default: T;
  /** The default in words, where the value itself would not speak. */
  readonly defaultText?: string;
  /** Of the value; undefined when it is no quantity, or when its text carries the unit. */
  readonly unit?: string;
  /** One or two sentences. */
  readonly doc: string;
  /** What a program that embeds the broker uses in its place. */
  readonly embedded?: string;
  /** The default of `startBroker`, in words, where it is another one. */
  readonly embeddedDefaultText?: string;
}

/** The order is that of `--help` and of docs/configuration.md. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  'Listening',
  'TLS',
  'Storage',
  'Cluster',
  'Limits',
  'Log-in',
  'OAuth 2',
  'Appearance',
];
export type OptionGroup =
  | 'Listening'
  | 'TLS'
  | 'Storage'
  | 'Cluster'
  | 'Limits'
  | 'Log-in'
  | 'OAuth 2'
  | 'Appearance';

/**
 * Every option of the broker, once. `leveret serve --help`, docs/configuration.md, the environment variables, the keys
 * of the configuration file and the options of `startBroker` are all made from this table.
 */
export const OPTIONS: { readonly [N in OptionName]: OptionDefinition<OptionValues[N]> } = {
  host: {
    group: 'Listening',
    kind: names('names', false),
    default: ['localhost'],
    doc: 'Addresses or host names to listen on. localhost is both 127.0.0.1 and ::1; 0.0.0.0 is all IPv4 addresses; :: is all addresses, or all IPv6 ones when an IPv4 address is named, too.',
  },
  amqpPort: {
    group: 'Listening',
    kind: portOrNone(),
    default: 5672,
    doc: 'The port for AMQP 0-9-1 clients. 0 takes any free one.',
  },
  httpPort: {
    group: 'Listening',
    kind: portOrNone(),
    default: 15_672,
    doc: 'The port for the dashboard and the HTTP API: management, messaging and metrics. 0 takes any free one.',
    embeddedDefaultText: 'none',
  },
  httpHostNames: {
    group: 'Listening',
    kind: names('names', true),
    default: [],
    defaultText: 'none',
    doc: 'Names that HTTP requests from this machine may be for (the header Host), beside addresses, localhost and the name of the machine: those of a proxy. Requests for others are refused, because a page in a browser could ask for them.',
  },
  amqpsPort: {
    group: 'TLS',
    kind: portOrNone(),
    default: 5671,
    doc: 'The port for AMQP over TLS. 0 takes any free one. Used only with tls-cert.',
  },
  httpsPort: {
    group: 'TLS',
    kind: portOrNone(),
    default: 15_671,
    doc: 'The port for the HTTP API over TLS. 0 takes any free one. Used only with tls-cert.',
    embeddedDefaultText: 'none',
  },
  tlsCert: {
    group: 'TLS',
    kind: optionalFile(),
    default: '',
    defaultText: 'none: nothing listens with TLS',
    doc: 'The certificate in PEM, and behind it those between it and the authority. Read anew within ten seconds when it changes, together with the key.',
  },
  tlsKey: {
    group: 'TLS',
    kind: optionalFile(),
    default: '',
    defaultText: 'none',
    doc: 'The private key of tls-cert in PEM, without a passphrase.',
  },
  tlsCa: {
    group: 'TLS',
    kind: optionalFile(),
    default: '',
    defaultText: 'none',
    doc: 'The certificates, in PEM, of those who issue client certificates that are trusted.',
  },
  tlsVerifyPeer: {
    group: 'TLS',
    kind: oneOf(['none', 'optional', 'required'], 'when'),
    default: 'none',
    doc: 'Whether clients are asked for a certificate (optional), and turned away without one (required), over AMQP and HTTP. One that tls-ca does not vouch for is turned away in both cases.',
  },
  tlsCertLoginFrom: {
    group: 'TLS',
    kind: oneOf(['distinguished_name', 'common_name', 'dns', 'email', 'uri'], 'part'),
    default: 'distinguished_name',
    doc: 'Which part of a client certificate is the user that logs in with the mechanism EXTERNAL. dns, email and uri are the first alternative name of that kind.',
  },
  dataDir: {
    group: 'Storage',
    kind: directory(),
    default: './leveret-data',
    doc: 'Where the file storage keeps messages and definitions. Made when it is missing; one broker at a time can use it. A relative path starts at the working directory of the process, also in a configuration file. The jetstream storage has only copies and transient messages in it; the memory storage does not use it.',
  },
  storage: {
    group: 'Storage',
    kind: oneOf(['file', 'memory', 'jetstream'], 'engine'),
    default: 'file',
    doc: 'What keeps messages and definitions. file: what is durable outlives the process and a power cut, in the data directory. memory: everything is gone when the broker stops. jetstream: on a majority of the servers of a NATS cluster (see docs/cluster.md); the brokers with the same cluster-name are the nodes of a cluster.',
    embeddedDefaultText: 'memory, or file when `dataDir` is given',
  },
  memoryBudget: {
    group: 'Storage',
    kind: memoryShare(MEMORY_BUDGET_MIN),
    default: defaultMemoryBudget(),
    defaultText: 'a quarter of the memory, at most 1 GiB',
    doc: 'How much memory the file and jetstream storages use for messages. Those beyond it are on disk only, and are read again when their turn comes. A share of what the machine or its container has, or a size. Keep it well below memory-high-watermark, which counts the whole process: it is to make room before that stops publishers.',
  },
  diskFreeLimit: {
    group: 'Storage',
    kind: byteSize(0, 2 ** 44),
    default: 512 * 2 ** 20,
    doc: 'With less free space than this in the data directory, publishers are stopped until there is a fifth more; consumers go on. 0: only when the disk is full.',
  },
  nats: {
    group: 'Cluster',
    kind: names('urls', false),
    default: ['nats://127.0.0.1:4222'],
    doc: 'The NATS servers that keep the log, with the jetstream storage: nats://host:port, or tls://; also with user:password@ or token@ in front of the host. Name all of them.',
  },
  natsMonitor: {
    group: 'Cluster',
    kind: names('urls', true),
    default: [],
    defaultText: 'the hosts of nats, port 8222',
    doc: 'Where the NATS servers show their settings (their http_port), one URL for each. A start refuses servers that confirm before they sync.',
  },
  natsCredentials: {
    group: 'Cluster',
    kind: optionalFile(),
    default: '',
    defaultText: 'none',
    doc: 'A credentials file (.creds) to log in to NATS with.',
  },
  natsCa: {
    group: 'Cluster',
    kind: optionalFile(),
    default: '',
    defaultText: 'those that Node.js trusts',
    doc: 'The certificates, in PEM, of those who issue the certificates of the NATS servers.',
  },
  natsAcceptLoss: {
    group: 'Cluster',
    kind: oneOf(['on', 'off'], 'on|off'),
    default: 'off',
    doc: 'Whether to start although servers or streams are set up so that confirmed messages may be lost. For tests.',
  },
  clusterName: {
    group: 'Cluster',
    kind: plainName(),
    default: 'leveret',
    doc: 'Nodes with the same name on the same NATS servers are a cluster: one of them owns the log and works, the others stand by.',
  },
  nodeName: {
    group: 'Cluster',
    kind: plainName(),
    default: defaultNodeName(),
    defaultText: 'the name of the machine',
    doc: 'The name of this node, another one for each node of a cluster.',
  },
  lease: {
    group: 'Cluster',
    kind: wholeNumberOf('milliseconds', 300, 600_000),
    default: 3000,
    unit: 'milliseconds',
    doc: 'For how long a node that is not heard of keeps the log to itself. A take-over begins when this is over; a pause of the owner that is longer costs it the log.',
  },
  standby: {
    group: 'Cluster',
    kind: oneOf(['pass', 'refuse'], 'mode'),
    default: 'pass',
    doc: 'What this node does with clients while another one owns the log. pass: they are passed through to the owner. refuse: the AMQP ports are closed, for a load balancer that looks for the owner.',
  },
  clusterPort: {
    group: 'Cluster',
    kind: port(),
    default: 25_672,
    doc: 'The port where other nodes pass clients through to this one, on the addresses of host. 0 takes any free one.',
  },
  clusterHost: {
    group: 'Cluster',
    kind: optionalHost(),
    default: '',
    defaultText: 'the first of host, or the name of the machine when that stands for all addresses',
    doc: 'Where other nodes reach this one.',
  },
  memoryHighWatermark: {
    group: 'Limits',
    kind: memoryShare(64 * 2 ** 20),
    default: 0.6,
    doc: 'When the process uses this much memory, publishers are stopped until it is one sixth less. A share of what the machine or its container has, or a size. With the file storage it has to have room for memory-budget, 8 bytes for each queued message, and the process itself (60 MB when idle).',
  },
  maxConnections: {
    group: 'Limits',
    kind: wholeNumber(0, 1_000_000),
    default: 0,
    defaultText: '0: as many as there are file descriptors, less 100; half of that in a cluster',
    doc: 'How many connections are accepted at the same time.',
  },
  maxMessageSize: {
    group: 'Limits',
    kind: byteSize(1, 512 * 2 ** 20),
    default: 128 * 2 ** 20,
    doc: 'The largest message body that is taken. A larger one closes the channel it came on.',
  },
  frameMax: {
    group: 'Limits',
    kind: byteSize(4096, 16 * 2 ** 20),
    default: 131_072,
    doc: 'The largest frame that is offered to clients, which may ask for less.',
  },
  channelMax: {
    group: 'Limits',
    kind: wholeNumber(1, 65_535),
    default: 2047,
    doc: 'How many channels a connection may open.',
  },
  heartbeat: {
    group: 'Limits',
    kind: wholeNumberOf('seconds', 0, 65_535),
    default: 60,
    unit: 'seconds',
    doc: 'The heartbeat interval that is offered to clients; a peer that is silent for two of them is cut off. 0 offers none.',
  },
  consumerTimeout: {
    group: 'Limits',
    kind: wholeNumberOf('milliseconds', 0, 2 ** 31 - 1),
    default: 0,
    defaultText: '0: for ever',
    unit: 'milliseconds',
    doc: 'How long a consumer may hold a message without acknowledging it before its channel is closed with 406.',
  },
  statistics: {
    group: 'Limits',
    kind: oneOf(['on', 'off'], 'on|off'),
    default: 'on',
    doc: 'Whether rates and delays of the recent past are kept. Without them only the counters count; see docs/queue-maths.md for the cost.',
  },
  openTelemetry: {
    group: 'Limits',
    kind: oneOf(['on', 'off'], 'on|off'),
    default: 'off',
    doc: 'Whether messages with a header traceparent are spans of OpenTelemetry. Needs the package @opentelemetry/api, and an SDK that is started with node --import; see docs/tracing-opentelemetry.md.',
  },
  defaultUser: {
    group: 'Log-in',
    kind: text('name'),
    default: 'guest',
    doc: 'The user that exists from the start, and is made again when there is no user at all at a start. It has the tag administrator and all permissions.',
  },
  defaultPassword: {
    group: 'Log-in',
    kind: text('password'),
    default: 'guest',
    doc: 'The password that this user starts with. Better set in the environment or in a file: other users of the machine can see flags.',
  },
  defaultVhost: {
    group: 'Log-in',
    kind: text('name'),
    default: '/',
    doc: 'The vhost that exists from the start.',
  },
  loopbackUsers: {
    group: 'Log-in',
    kind: names('names', true),
    default: ['guest'],
    doc: 'Users who can log in only from this machine. With an empty list (--loopback-users=) all users can log in from everywhere.',
  },
  metricsAnonymous: {
    group: 'Log-in',
    kind: oneOf(['on', 'off'], 'on|off'),
    default: 'off',
    doc: 'Whether /metrics is open to everybody who can reach the port. Otherwise Prometheus logs in as a user with the tag monitoring.',
  },
  auditLog: {
    group: 'Log-in',
    kind: optionalFile(),
    default: '',
    defaultText: 'none: the latest are kept in memory',
    doc: 'A file to which every change by an operator and every log-in over HTTP is added, as a line of JSON.',
  },
  oauthJwks: {
    group: 'OAuth 2',
    kind: optionalSource(),
    default: '',
    defaultText: 'none: nobody logs in with a token',
    doc: 'The keys that tokens are signed with, as a JSON Web Key Set. A file is read anew when it changes, a URL when a token names another key.',
  },
  oauthIssuer: {
    group: 'OAuth 2',
    kind: optionalText('issuer', 'a text, or nothing'),
    default: '',
    defaultText: 'any that signs with these keys',
    doc: 'Who has to have issued a token (its claim iss).',
  },
  oauthResourceServerId: {
    group: 'OAuth 2',
    kind: text('id'),
    default: 'rabbitmq',
    doc: 'For whom a token has to be (its claim aud).',
  },
  oauthScopePrefix: {
    group: 'OAuth 2',
    kind: optionalText('prefix', 'a text; none for no prefix; nothing for the default'),
    default: '',
    defaultText: 'oauth-resource-server-id and a dot',
    doc: 'What the scopes begin with that are for this broker; others are ignored.',
  },
  oauthAlgorithms: {
    group: 'OAuth 2',
    kind: someOf(TOKEN_ALGORITHMS, 'names'),
    default: TOKEN_ALGORITHMS,
    doc: 'The algorithms that tokens may be signed with.',
  },
  oauthUsernameClaims: {
    group: 'OAuth 2',
    kind: names('names', false),
    default: ['sub', 'client_id'],
    doc: 'The claims of a token that name its user: the first one that is there.',
  },
  product: {
    group: 'Appearance',
    kind: text('name'),
    default: 'RabbitMQ',
    doc: 'The product name that clients are told. Some switch features on only for RabbitMQ.',
  },
  productVersion: {
    group: 'Appearance',
    kind: text('version'),
    default: '3.13.7',
    doc: `The version that clients are told. Leveret's own (${VERSION}) stands in the property platform.`,
  },
  logLevel: {
    group: 'Appearance',
    kind: oneOf(['none', 'error', 'warn', 'info'], 'level'),
    default: 'info',
    doc: 'What is written to standard error: nothing, errors, also warnings, or everything.',
    embedded: 'onEvent',
  },
};

function defaultNodeName(): string {
  return (
    hostname()
      .replaceAll(/[^A-Za-z0-9-]+/g, '-')
      .slice(0, 64) || 'node'
  );
}

export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTIONS) as OptionName[];

/** The table with its value types forgotten, for code that treats all options alike. */
export function optionDefinition(name: OptionName): OptionDefinition<unknown> {
  return OPTIONS[name] as OptionDefinition<unknown>;
}

/** `amqp-port` for `amqpPort`: the key in a configuration file. */
export function fileKey(name: OptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `--amqp-port` for `amqpPort`. */
export function flagOf(name: OptionName): string {
  return `--${fileKey(name)}`;
}

/** `LEVERET_AMQP_PORT` for `amqpPort`. */
export function environmentVariable(name: OptionName): string {
  return `LEVERET_${fileKey(name).toUpperCase().replaceAll('-', '_')}`;
}

/** `where` is how the user knows the option: the flag, the environment variable, the key and its file. */
export function badValue(where: string, name: OptionName, found: unknown): OptionError {
  const value = typeof found === 'string' ? found : JSON.stringify(found);
  const shown = name === 'defaultPassword' ? '' : ` '${value}'`;
  return new OptionError(`${where}: bad value${shown}; allowed: ${optionDefinition(name).kind.allowed}`);
}
