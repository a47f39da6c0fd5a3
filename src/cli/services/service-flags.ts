/** Flags that several commands about services have. */
import { OptionError } from '../../daemon/option-error.ts';
import { directory, oneOf, portOrNone, text } from '../../daemon/option-kinds.ts';
import { type Flag, option, optionOr, orVariable, toggle } from '../grammar/flags.ts';

const BROKER_URLS = 'amqp://user:password@host:5672/vhost, or amqps:';

/** A password must not be repeated in a message. */
function readBrokerUrl(source: string, found: string): string {
  if (/^amqps?:\/\/./.test(found)) return found;
  const shown = found.replace(/\/\/[^/]*@/, '//');
  throw new OptionError(`${source}: bad value '${shown}'; allowed: ${BROKER_URLS}`);
}

export const DEFAULT_BROKER = 'amqp://localhost';

const QUEUE_TYPES = ['classic', 'quorum'] as const;

export const QUEUE_TYPE_FLAG: Flag<(typeof QUEUE_TYPES)[number]> = optionOr(
  oneOf(QUEUE_TYPES, 'type'),
  'classic',
  'of queues; quorum for a cluster of RabbitMQ',
);

const LOG_LEVELS = ['none', 'error', 'warn', 'info'] as const;

export const ENTRY_FLAG: Flag<string | undefined> = option(
  text('path'),
  'the module that exports the services (package.json says, or src/services.ts)',
);

export const BROKER_FLAG: Flag<string | undefined> = {
  placeholder: 'url',
  doc: 'the broker',
  initial: undefined,
  variable: 'LEVERET_BROKER',
  read: readBrokerUrl,
};

export const LOG_FLAG: Flag<(typeof LOG_LEVELS)[number]> = orVariable(
  optionOr(oneOf(LOG_LEVELS, 'level'), 'info', 'which events are logged: none, error, warn, info'),
  'LEVERET_LOG_LEVEL',
);

/** Of the broker that `dev` and `up` start. */
export const OWN_BROKER_FLAGS: {
  readonly keep: Flag<boolean>;
  readonly amqpPort: Flag<number | false | undefined>;
  readonly httpPort: Flag<number | false | undefined>;
} = {
  keep: toggle('keep the messages of the broker in .leveret/, over restarts'),
  amqpPort: orVariable(
    option(portOrNone(), 'its port for AMQP (5672, or any free one)'),
    'LEVERET_AMQP_PORT',
  ),
  httpPort: orVariable(
    option(portOrNone(), 'its port for the dashboard and HTTP (15672, or any free one)'),
    'LEVERET_HTTP_PORT',
  ),
};

export const DATA_DIR_FLAG: Flag<string | undefined> = option(
  directory(),
  'where databases are that have no URL (data, in the project)',
);

/** `--broker`, `LEVERET_BROKER`, or what many platforms set. */
export function brokerUrl(flag: string | undefined): string | undefined {
  return flag ?? (process.env['BROKER_URL'] || undefined);
}

/** `ORDER_MAILS_DATABASE_URL` of the service `order-mails`. */
export function serviceVariable(service: string, suffix: 'DATABASE_URL' | 'CACHE_URL'): string {
  return `${service.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_${suffix}`;
}
