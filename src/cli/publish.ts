import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { OptionError } from '../daemon/option-error.ts';
import { text } from '../daemon/option-kinds.ts';
import { amountText } from '../daemon/size-text.ts';
import { type ApiClient, segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { isTrueAt, listAt, numberAt, shortText, textAt } from './api/json-fields.ts';
import {
  leveretFeature,
  leveretMessage,
  type OutgoingMessage,
  rabbitmqMessage,
} from './api/message-fields.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { anyText, kindOf, objectOf, type Pairs, pair, timeSpan } from './grammar/flag-kinds.ts';
import { type Flag, type FlagValues, list, option, optionOr, toggle } from './grammar/flags.ts';
import { type Invocation, verb } from './grammar/verb.ts';
import { exchangeText } from './terminal/name-texts.ts';
import { visible } from './terminal/text-width.ts';

/** 49 days: the whole days of the 2^32 - 1 ms that the broker takes. */
const DELAY_MS_MAX = 49 * 86_400_000;
/** Messages of one request of --lines, and characters after which it is sent all the same. */
const BATCH_MESSAGES_MAX = 1000;
const BATCH_CHARACTERS_MAX = 500_000;

const moment = kindOf('time', 'a time like 2026-01-31T08:00:00Z, with its zone', (found) =>
  /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(found) && !Number.isNaN(Date.parse(found))
    ? new Date(found).toISOString()
    : undefined,
);

const FLAGS: {
  readonly exchange: Flag<string>;
  readonly file: Flag<string | undefined>;
  readonly lines: Flag<boolean>;
  readonly header: Flag<Pairs>;
  readonly property: Flag<Pairs>;
  readonly contentType: Flag<string | undefined>;
  readonly messageId: Flag<string | undefined>;
  readonly ttl: Flag<number | undefined>;
  readonly delay: Flag<number | undefined>;
  readonly at: Flag<string | undefined>;
  readonly idempotencyKey: Flag<string | undefined>;
  readonly transient: Flag<boolean>;
} = {
  exchange: { ...optionOr(anyText('name'), '', 'where to publish'), initialText: 'the default exchange' },
  file: option(text('path'), 'the body is in this file'),
  lines: toggle('each line of standard input is a message'),
  header: list(pair('name=value'), 'a header; can be repeated'),
  property: list(pair('name=value'), 'a property, like correlation_id=7; can be repeated'),
  contentType: option(text('type'), 'the property content_type, like application/json'),
  messageId: option(text('id'), 'the property message_id'),
  ttl: option(timeSpan(0, DELAY_MS_MAX), 'it expires when it has waited so long'),
  delay: option(timeSpan(0, DELAY_MS_MAX), 'it is published so much later'),
  at: option(moment, 'it is published at this time'),
  idempotencyKey: option(text('key'), 'published again with the same key, it is one message'),
  transient: toggle('it does not survive a restart of the broker'),
};

type PublishInvocation = Invocation<typeof FLAGS>;

export const publishCommand: Command = apiCommand({
  name: 'publish',
  summary: 'Publish a message, or a message for each line',
  about: `
Publishes to the default exchange, where the routing key is the name of a queue,
or to another one. The body is the argument, a file, or standard input. It says
to which queues the message went, once it is safe there: a persistent message in
a durable queue is on the disk then. Exit code 1 when it went to none.`,
  verbs: [
    verb({
      name: '',
      summary: 'Publish a message',
      operands: [{ name: 'ROUTING_KEY' }, { name: 'BODY', optional: true }],
      flags: FLAGS,
      vhosts: 'vhost',
      async run(invocation) {
        checkFlags(invocation);
        return invocation.flags.lines ? publishLines(invocation) : publishOne(invocation);
      },
    }),
  ],
  examples: [
    ["leveret publish orders 'Hello World!'", 'to queue orders'],
    ['leveret publish order.created --exchange events --file order.json', 'to an exchange, from a file'],
    ['seq 1 1000 | leveret publish orders --lines', 'a thousand messages'],
    ["leveret publish mail 'to be sent later' --delay 10m", 'in ten minutes; see leveret scheduled'],
  ],
});

function checkFlags({ flags, operands: [, body] }: PublishInvocation): void {
  if (flags.delay !== undefined && flags.at !== undefined)
    throw new OptionError('options --delay and --at exclude each other');
  const sources = [
    body === undefined ? '' : 'BODY',
    flags.file === undefined ? '' : '--file',
    flags.lines ? '--lines' : '',
  ];
  const given = sources.filter((source) => source !== '');
  if (given.length > 1)
    throw new OptionError(`${given.join(' and ')} exclude each other: the body is in one place`);
}

// ---- one ----

async function publishOne(invocation: PublishInvocation): Promise<number> {
  const {
    api,
    output,
    vhost,
    flags,
    json,
    operands: [routingKey = ''],
  } = invocation;
  const message = messageOf(invocation, bodyOf(invocation));
  const answer = await send(api, vhost, flags.exchange, message);
  if (json) output.json(answer);
  if (!isTrueAt(answer, 'routed')) throw unroutable(flags.exchange, routingKey);
  if (!json) output.lines([publishedText(answer, flags.exchange)]);
  return EXIT_OK;
}

function bodyOf({ flags, operands: [, body] }: PublishInvocation): Uint8Array {
  if (body !== undefined) return Buffer.from(body);
  if (flags.file !== undefined) return fileBytes(flags.file);
  if (process.stdin.isTTY)
    throw new OptionError('the body is missing: give it as BODY, with --file, or pipe it in');
  return readFileSync(process.stdin.fd);
}

function fileBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OptionError(`option --file: cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** To Leveret by its own API, which says where the message went; to RabbitMQ by the one that it has. */
async function send(
  api: ApiClient,
  vhost: string,
  exchange: string,
  message: OutgoingMessage,
): Promise<unknown> {
  const place = `${segment(vhost)}/${segment(exchange === '' ? 'amq.default' : exchange)}`;
  const about = `exchange '${exchange}' in vhost '${vhost}'`;
  try {
    const path = `/v1/exchanges/${place}/messages`;
    return (await api.ask({ method: 'POST', path, body: leveretMessage(message), about })).json;
  } catch (error) {
    if (!(error instanceof ApiFailure && error.code === 'NOT_SUPPORTED')) throw error;
    const feature = leveretFeature(message);
    if (feature !== undefined) throw new ApiFailure('NOT_SUPPORTED', `option ${feature}: ${error.message}`);
    const path = `/api/exchanges/${place}/publish`;
    return (await api.ask({ method: 'POST', path, body: rabbitmqMessage(message), about })).json;
  }
}

/** `exchange`: where it was published. */
function publishedText(answer: unknown, exchange: string): string {
  if (isTrueAt(answer, 'repeated'))
    return 'It was published before with this idempotency key; nothing was added.';
  const later = textAt(answer, 'deliver_at');
  if (later !== undefined) return `Scheduled for ${visible(later)}: see leveret scheduled.`;
  const queues = listAt(answer, 'queues').map((queue) => `'${visible(shortText(queue))}'`);
  if (queues.length === 0)
    return `Published to exchange ${exchangeText(exchange)}; it went to at least one queue.`;
  return `Published to ${queues.length === 1 ? 'queue' : 'queues'} ${queues.join(', ')}.`;
}

function unroutable(exchange: string, routingKey: string): ApiFailure {
  const hint =
    exchange === ''
      ? `is there no queue of that name? See leveret queues`
      : `leveret explain route '${routingKey}' --exchange '${exchange}' says why`;
  const where = exchange === '' ? 'the default exchange' : `exchange '${exchange}'`;
  return new ApiFailure('UNROUTABLE', `${where} led it to no queue by routing key '${routingKey}'; ${hint}`);
}

// ---- a message for each line ----

interface LineTotals {
  published: number;
  unroutable: number;
  failed: number;
  /** Why the first of those that failed did. */
  firstFailure: string;
}

async function publishLines(invocation: PublishInvocation): Promise<number> {
  const {
    api,
    output,
    vhost,
    flags,
    json,
    operands: [routingKey = ''],
  } = invocation;
  const path = `/v1/exchanges/${segment(vhost)}/${segment(flags.exchange === '' ? 'amq.default' : flags.exchange)}/messages/batch`;
  const totals: LineTotals = { published: 0, unroutable: 0, failed: 0, firstFailure: '' };
  for await (const lines of batches()) {
    const body = lines.map((line) => leveretMessage(messageOf(invocation, Buffer.from(line))));
    const about = `exchange '${flags.exchange}' in vhost '${vhost}'`;
    addResults(totals, (await api.ask({ method: 'POST', path, body, about })).json);
  }
  const { published, unroutable: lost, failed, firstFailure } = totals;
  if (json) output.json({ published, unroutable: lost, failed });
  else output.lines([`Published ${amountText(published, 'message')}.`]);
  if (failed > 0)
    throw new ApiFailure('REFUSED', `${amountText(failed, 'message')} refused: ${firstFailure}`);
  if (lost === 0) return EXIT_OK;
  const { code, message } = unroutable(flags.exchange, routingKey);
  throw new ApiFailure(code, `${amountText(lost, 'message')} lost: ${message}`);
}

async function* batches(): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  let characters = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    batch.push(line);
    characters += line.length;
    if (batch.length < BATCH_MESSAGES_MAX && characters < BATCH_CHARACTERS_MAX) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

function addResults(totals: LineTotals, answer: unknown): void {
  totals.failed += numberAt(answer, 'failed') ?? 0;
  for (const result of listAt(answer, 'results')) {
    const detail = textAt(result, 'detail');
    if (detail !== undefined) totals.firstFailure ||= detail;
    else if (isTrueAt(result, 'routed')) totals.published++;
    else totals.unroutable++;
  }
}

function messageOf(
  { flags, operands: [routingKey = ''] }: PublishInvocation,
  body: Uint8Array,
): OutgoingMessage {
  return {
    routingKey,
    body,
    properties: propertiesOf(flags),
    headers: objectOf(flags.header),
    persistent: !flags.transient,
    ttlMs: flags.ttl,
    delayMs: flags.delay,
    deliverAt: flags.at,
    idempotencyKey: flags.idempotencyKey,
  };
}

/** Only priority and timestamp are numbers: `message_id=7` is a text. */
function propertiesOf(flags: FlagValues<typeof FLAGS>): OutgoingMessage['properties'] {
  const given = flags.property.map(([name, value]) => {
    const isNumber = name === 'priority' || name === 'timestamp';
    return [name, isNumber ? value : shortText(value)] as const;
  });
  return Object.fromEntries([
    ...given,
    ...(flags.contentType === undefined ? [] : [['content_type', flags.contentType] as const]),
    ...(flags.messageId === undefined ? [] : [['message_id', flags.messageId] as const]),
  ]) as OutgoingMessage['properties'];
}
