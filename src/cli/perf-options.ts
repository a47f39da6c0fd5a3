import { parseArgs } from 'node:util';
import { didYouMean } from '../daemon/nearest-names.ts';
import { OptionError } from '../daemon/option-error.ts';
import { byteSize, type OptionKind, text, wholeNumber, wholeNumberOf } from '../daemon/option-kinds.ts';

/** Where a broker is and how to log in, taken from an AMQP URL. */
export interface BrokerAddress {
  /** As the user wrote it, but without the password: for messages. */
  readonly shown: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
}

/** What `leveret perf` was asked to do. */
export interface PerfOptions {
  readonly address: BrokerAddress;
  readonly producerCount: number;
  readonly consumerCount: number;
  readonly bodyBytes: number;
  readonly durationMs: number;
  /** Messages per second of each producer; 0 is as fast as possible. */
  readonly rate: number;
  /** Messages that may wait for their confirm, per producer; 0 does not ask for confirms. */
  readonly confirmWindow: number;
  /** Deliveries that may wait for their ack, per consumer; 0 consumes without acks. */
  readonly prefetchCount: number;
  readonly persistent: boolean;
  readonly queues: readonly string[];
  /** The queues are the load generator's own: it empties them before the run and deletes them after it. */
  readonly ownQueues: boolean;
  readonly json: boolean;
}

interface FlagDefinition {
  readonly kind: OptionKind<unknown> | undefined;
  readonly default: unknown;
  readonly group: string;
  readonly doc: string;
}

const OWN_QUEUE = 'leveret-perf';
/** Every producer and consumer is a connection: more than this is another tool's work. */
const CONNECTIONS_MAX = 5000;
const BODY_BYTES_MAX = 128 * 1024 * 1024;
const DEFAULT_PORT = 5672;

const amqpUrl: OptionKind<BrokerAddress> = {
  placeholder: 'url',
  allowed: 'a URL like amqp://guest:guest@127.0.0.1:5672/%2F',
  fromText: readAmqpUrl,
  fromValue: () => undefined,
};

/** A flag without a value. */
const SWITCH = undefined;

const FLAGS: Readonly<Record<string, FlagDefinition>> = {
  url: { kind: amqpUrl, default: 'amqp://127.0.0.1:5672', group: 'Broker', doc: 'the broker to load' },
  producers: {
    kind: wholeNumber(0, CONNECTIONS_MAX),
    default: 1,
    group: 'Load',
    doc: 'publishing connections',
  },
  consumers: {
    kind: wholeNumber(0, CONNECTIONS_MAX),
    default: 1,
    group: 'Load',
    doc: 'consuming connections',
  },
  size: { kind: byteSize(0, BODY_BYTES_MAX), default: 16, group: 'Load', doc: 'bytes of a body' },
  duration: { kind: wholeNumberOf('seconds', 1, 86_400), default: 10, group: 'Load', doc: 'seconds to run' },
  rate: {
    kind: wholeNumber(0, 10_000_000),
    default: 0,
    group: 'Load',
    doc: 'messages per second and producer; 0: full speed',
  },
  confirms: {
    kind: wholeNumber(0, 1_000_000, 'window'),
    default: 0,
    group: 'Delivery',
    doc: 'confirms, this many under way; 0: none',
  },
  prefetch: {
    kind: wholeNumber(0, 65_535),
    default: 0,
    group: 'Delivery',
    doc: 'acks, this many under way; 0: auto-ack',
  },
  persistent: {
    kind: SWITCH,
    default: false,
    group: 'Delivery',
    doc: 'persistent messages in durable queues',
  },
  queue: {
    kind: text('name'),
    default: OWN_QUEUE,
    group: 'Queues',
    doc: 'name; one that you give is neither emptied nor deleted',
  },
  queues: {
    kind: wholeNumber(1, 100_000),
    default: 1,
    group: 'Queues',
    doc: 'spread over this many queues: <queue>-1, -2, ...',
  },
  json: { kind: SWITCH, default: false, group: 'Output', doc: 'the result as one line of JSON' },
};

/** Reads the flags of `leveret perf`. Throws `OptionError` for one that is unknown or has a value that is not allowed. */
export function readPerfOptions(args: readonly string[]): PerfOptions {
  const values = readFlags(args);
  const queue = values.get('queue') as string;
  const queueCount = values.get('queues') as number;
  return {
    address: values.get('url') as BrokerAddress,
    producerCount: values.get('producers') as number,
    consumerCount: values.get('consumers') as number,
    bodyBytes: values.get('size') as number,
    durationMs: (values.get('duration') as number) * 1000,
    rate: values.get('rate') as number,
    confirmWindow: values.get('confirms') as number,
    prefetchCount: values.get('prefetch') as number,
    persistent: values.get('persistent') as boolean,
    queues: queueCount === 1 ? [queue] : Array.from({ length: queueCount }, (_, i) => `${queue}-${i + 1}`),
    ownQueues: queue === OWN_QUEUE,
    json: values.get('json') as boolean,
  };
}

/** The help page of `leveret perf`, at most 80 columns wide. */
export function perfHelp(): string {
  const lines = ['Usage: leveret perf [options]', '', 'Loads an AMQP 0-9-1 broker and measures it.'];
  for (const group of new Set(Object.values(FLAGS).map((definition) => definition.group))) {
    lines.push('', `${group}:`);
    for (const [name, definition] of Object.entries(FLAGS)) {
      if (definition.group === group) {
        lines.push(helpLine(name, definition));
      }
    }
  }
  lines.push(
    '',
    'Latencies are measured when bodies have at least 8 bytes.',
    'Ctrl+C ends early and reports.',
  );
  return `${lines.join('\n')}\n`;
}

function helpLine(name: string, { kind, default: value, doc }: FlagDefinition): string {
  const flag = kind === SWITCH ? `--${name}` : `--${name} <${kind.placeholder}>`;
  const fallback = kind === SWITCH || doc.includes('0:') || name === 'queue' ? '' : ` (${String(value)})`;
  return `  ${flag.padEnd(20)} ${doc}${fallback}`;
}

function readFlags(args: readonly string[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [name, { kind, default: value }] of Object.entries(FLAGS)) {
    values.set(name, kind === amqpUrl ? readAmqpUrl(String(value)) : value);
  }
  const options = Object.fromEntries(
    Object.entries(FLAGS).map(([name, { kind }]) => [
      name,
      { type: kind === SWITCH ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new OptionError(
        `unexpected argument '${token.value}': an option starts with --, as in --producers 2`,
      );
    }
    if (token.kind === 'option') {
      values.set(token.name, readFlag(token.name, token.rawName, token.value));
    }
  }
  return values;
}

function readFlag(name: string, rawName: string, found: string | undefined): unknown {
  const definition = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (definition === undefined) {
    const known = Object.keys(FLAGS).map((flag) => `--${flag}`);
    throw new OptionError(`option ${rawName} is not known${didYouMean(rawName, known)}`);
  }
  if (definition.kind === SWITCH) {
    if (found !== undefined) {
      throw new OptionError(`option ${rawName} takes no value, found '${found}'`);
    }
    return true;
  }
  if (found === undefined) {
    throw new OptionError(`option ${rawName}: the value is missing; allowed: ${definition.kind.allowed}`);
  }
  const value = definition.kind.fromText(found);
  if (value === undefined) {
    throw new OptionError(`option ${rawName}: bad value '${found}'; allowed: ${definition.kind.allowed}`);
  }
  return value;
}

function readAmqpUrl(found: string): BrokerAddress | undefined {
  const url = URL.canParse(found) ? new URL(found) : undefined;
  if (url === undefined || url.protocol !== 'amqp:' || url.hostname === '') {
    return undefined;
  }
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const vhost = url.pathname.length > 1 ? decodeURIComponent(url.pathname.slice(1)) : '/';
  return {
    shown: `amqp://${url.hostname}:${port}${url.pathname}`,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    username: url.username === '' ? 'guest' : decodeURIComponent(url.username),
    password: url.password === '' ? 'guest' : decodeURIComponent(url.password),
    vhost,
  };
}
