import { OptionError } from '../daemon/option-error.ts';
import { text, wholeNumber } from '../daemon/option-kinds.ts';
import { type ApiClient, segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { listAt, listOf, shortText, textAt } from './api/json-fields.ts';
import { type Command, EXIT_OK } from './command.ts';
import { Leases } from './consume.ts';
import { apiCommand } from './grammar/api-command.ts';
import { type Pairs, pair } from './grammar/flag-kinds.ts';
import { type Flag, type FlagValues, list, option, optionOr, toggle } from './grammar/flags.ts';
import { type Invocation, verb } from './grammar/verb.ts';
import { printMessage } from './message-text.ts';
import { visible } from './terminal/text-width.ts';

const COUNT_MAX = 1000;
const LEASE_MS = 30_000;

const FLAGS: {
  readonly count: Flag<number>;
  readonly ack: Flag<boolean>;
  readonly search: Flag<string | undefined>;
  readonly routingKey: Flag<string | undefined>;
  readonly messageId: Flag<string | undefined>;
  readonly header: Flag<Pairs>;
  readonly from: Flag<string | undefined>;
  readonly body: Flag<boolean>;
} = {
  count: optionOr(wholeNumber(1, COUNT_MAX), 1, 'how many messages'),
  ack: toggle('take them out of the queue'),
  search: option(text('text'), 'only messages with this text in their bodies'),
  routingKey: option(text('key'), 'only messages with this routing key'),
  messageId: option(text('id'), 'only messages with this message_id'),
  header: list(pair('name=value'), 'only messages with this header; can be repeated'),
  from: option(text('position'), 'begin there; the end of an answer says where to go on'),
  body: toggle('print the bodies alone, with a line break behind each'),
};

type GetInvocation = Invocation<typeof FLAGS>;

export const getCommand: Command = apiCommand({
  name: 'get',
  summary: 'Look at messages of a queue, search them, or take them out',
  about: `
Prints the messages at the head of a queue, and leaves them there as they are;
with --ack it takes them out, each once it is printed. With --json they are an
array.`,
  verbs: [
    verb({
      name: '',
      summary: 'Print messages of a queue',
      operands: [{ name: 'QUEUE' }],
      flags: FLAGS,
      vhosts: 'vhost',
      run: (invocation) => (invocation.flags.ack ? take(invocation) : look(invocation)),
    }),
  ],
  examples: [
    ['leveret get orders --count 3', 'the next three'],
    ["leveret get orders.dead --search 'user 4711' --count 10", 'those that tell of somebody'],
    ['leveret get orders --ack --body', 'take one out, and print its body alone'],
  ],
});

// ---- look ----

async function look(invocation: GetInvocation): Promise<number> {
  const {
    api,
    vhost,
    flags,
    operands: [queue = ''],
  } = invocation;
  try {
    const messages: unknown[] = [];
    let next: string | undefined = flags.from;
    // A search gives back after a bounded number of messages, and says where to go on.
    do {
      const answer: unknown = await api.get(
        `/v1/queues/${segment(vhost)}/${segment(queue)}/messages?${lookQuery(flags, flags.count - messages.length, next)}`,
        `queue '${queue}' in vhost '${vhost}'`,
      );
      messages.push(...listAt(answer, 'messages'));
      next = textAt(answer, 'next');
    } while (next !== undefined && messages.length < flags.count);
    return print(invocation, messages, next);
  } catch (error) {
    if (!(error instanceof ApiFailure && error.code === 'NOT_SUPPORTED')) throw error;
    if (isSearch(flags)) throw error;
    return print(invocation, await getOfRabbitmq(api, vhost, queue, flags.count, false), undefined);
  }
}

function lookQuery(flags: FlagValues<typeof FLAGS>, limit: number, from: string | undefined): string {
  const query = new URLSearchParams({ limit: String(limit), truncate: String(2 ** 24) });
  if (from !== undefined) query.set('from', from);
  if (flags.search !== undefined) query.set('search', flags.search);
  if (flags.routingKey !== undefined) query.set('routing_key', flags.routingKey);
  if (flags.messageId !== undefined) query.set('message_id', flags.messageId);
  for (const [name, value] of flags.header) query.set(`header.${name}`, shortText(value));
  return String(query);
}

function isSearch(flags: FlagValues<typeof FLAGS>): boolean {
  const conditions = [flags.search, flags.routingKey, flags.messageId, flags.from];
  return flags.header.length > 0 || conditions.some((condition) => condition !== undefined);
}

function print(
  { output, json, vhost, flags, operands: [queue = ''] }: GetInvocation,
  messages: readonly unknown[],
  next: string | undefined,
): number {
  if (json) output.json(messages);
  else
    for (const [index, message] of messages.entries())
      printMessage(output, message, index + 1, format(flags));
  const place = `queue '${visible(queue)}' in vhost '${visible(vhost)}'`;
  if (messages.length === 0)
    output.remark(`No ${isSearch(flags) ? 'such ' : ''}message is ready in ${place}.`);
  else if (next !== undefined && isSearch(flags) && !json)
    output.remark(`More may follow: --from ${visible(next)}`);
  return EXIT_OK;
}

function format(flags: FlagValues<typeof FLAGS>): { readonly json: false; readonly bodyOnly: boolean } {
  return { json: false, bodyOnly: flags.body };
}

// ---- take ----

async function take(invocation: GetInvocation): Promise<number> {
  const {
    api,
    output,
    vhost,
    flags,
    operands: [queue = ''],
  } = invocation;
  if (isSearch(flags)) {
    throw new OptionError('option --ack takes from the head of the queue, and excludes a search');
  }
  const leases = new Leases(api, vhost, queue, { lease: LEASE_MS, untilEmpty: true });
  let messages: readonly unknown[];
  try {
    messages = await leases.receive(flags.count);
  } catch (error) {
    if (!(error instanceof ApiFailure && error.code === 'NOT_SUPPORTED')) throw error;
    return print(invocation, await getOfRabbitmq(api, vhost, queue, flags.count, true), undefined);
  }
  const code = print(invocation, messages, undefined);
  await leases.settle(messages, (await output.flushed()) ? 'ack' : 'retry');
  return code;
}

/** RabbitMQ has no other way to look than to take a message and to give it back: it is redelivered then. */
async function getOfRabbitmq(
  api: ApiClient,
  vhost: string,
  queue: string,
  count: number,
  ack: boolean,
): Promise<readonly unknown[]> {
  const path = `/api/queues/${segment(vhost)}/${segment(queue)}/get`;
  const body = { count, ackmode: ack ? 'ack_requeue_false' : 'ack_requeue_true', encoding: 'auto' };
  const about = `queue '${queue}' in vhost '${vhost}'`;
  return listOf((await api.ask({ method: 'POST', path, body, about })).json);
}
