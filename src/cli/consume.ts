import { wholeNumber } from '../daemon/option-kinds.ts';
import { amountText } from '../daemon/size-text.ts';
import { type ApiClient, segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { listAt, numberAt, textAt } from './api/json-fields.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { timeSpan } from './grammar/flag-kinds.ts';
import { type Flag, type FlagValues, option, optionOr, toggle } from './grammar/flags.ts';
import { type Invocation, verb } from './grammar/verb.ts';
import { printMessage } from './message-text.ts';

/** Of one request. */
const MESSAGES_MAX = 100;
/** How long a request waits for a message, before the next one is made. */
const POLL_MS = 20_000;
const LEASE_MS_DEFAULT = 30_000;

const FLAGS: {
  readonly count: Flag<number | undefined>;
  readonly untilEmpty: Flag<boolean>;
  readonly body: Flag<boolean>;
  readonly lease: Flag<number>;
} = {
  count: option(wholeNumber(1, 1_000_000_000), 'end after so many messages'),
  untilEmpty: toggle('end when there is no message, and do not wait for more'),
  body: toggle('print the bodies alone, with a line break behind each'),
  lease: {
    ...optionOr(
      timeSpan(1000, 86_400_000),
      LEASE_MS_DEFAULT,
      'time to print a message, before others get it',
    ),
    initialText: '30s',
  },
};

type ConsumeInvocation = Invocation<typeof FLAGS>;

export const consumeCommand: Command = apiCommand({
  name: 'consume',
  summary: 'Take messages from a queue as they come, and print them',
  about: `
Takes messages from a queue and prints them, until Ctrl+C. Each is acknowledged
once it is printed: one that is not goes back to the queue. With --json each
message is a line of JSON.`,
  verbs: [
    verb({
      name: '',
      summary: 'Take messages from a queue, and print them',
      operands: [{ name: 'QUEUE' }],
      flags: FLAGS,
      vhosts: 'vhost',
      async run(invocation) {
        const interrupted = new AbortController();
        const interrupt = (): void => interrupted.abort();
        process.on('SIGINT', interrupt);
        process.on('SIGTERM', interrupt);
        try {
          return await consume(invocation, interrupted.signal);
        } finally {
          process.off('SIGINT', interrupt);
          process.off('SIGTERM', interrupt);
        }
      },
    }),
  ],
  examples: [
    ['leveret consume orders', 'print what comes, until Ctrl+C'],
    ['leveret consume orders --until-empty --body > orders.txt', 'take all that is there into a file'],
  ],
});

async function consume(invocation: ConsumeInvocation, interrupted: AbortSignal): Promise<number> {
  const {
    api,
    output,
    vhost,
    flags,
    operands: [queue = ''],
  } = invocation;
  const leases = new Leases(api, vhost, queue, flags);
  let printed = 0;
  while (printed < (flags.count ?? Number.POSITIVE_INFINITY) && !interrupted.aborted) {
    const messages = await leases.receive((flags.count ?? Number.POSITIVE_INFINITY) - printed, interrupted);
    if (messages.length === 0 && flags.untilEmpty) break;
    const taken = await printAll(invocation, messages, printed, interrupted);
    printed += taken;
    await leases.settle(messages.slice(0, taken), 'ack');
    await leases.settle(messages.slice(taken), 'retry');
    if (taken < messages.length) break;
  }
  if (output.isTerminal) output.remark(`Took ${amountText(printed, 'message')} from the queue.`);
  return EXIT_OK;
}

/** How many of them were printed: fewer when whoever reads them has gone, or it was interrupted meanwhile. */
async function printAll(
  { output, json, flags }: ConsumeInvocation,
  messages: readonly unknown[],
  before: number,
  interrupted: AbortSignal,
): Promise<number> {
  for (const [index, message] of messages.entries()) {
    if (interrupted.aborted) return index;
    printMessage(output, message, before + index + 1, { json, bodyOnly: flags.body });
    if (!(await output.flushed())) return index;
  }
  return messages.length;
}

/** Messages of one queue, each ours until its lease ends. */
export class Leases {
  readonly #api: ApiClient;
  readonly #path: string;
  readonly #about: string;
  readonly #leaseMs: number;
  readonly #waitMs: number;

  constructor(
    api: ApiClient,
    vhost: string,
    queue: string,
    { lease, untilEmpty }: Pick<FlagValues<typeof FLAGS>, 'lease' | 'untilEmpty'>,
  ) {
    this.#api = api;
    this.#path = `/v1/queues/${segment(vhost)}/${segment(queue)}`;
    this.#about = `queue '${queue}' in vhost '${vhost}'`;
    this.#leaseMs = lease;
    this.#waitMs = untilEmpty ? 0 : POLL_MS;
  }

  /** None when none came, or when it was interrupted: the broker takes back then what it was about to give. */
  async receive(wanted: number, interrupted?: AbortSignal): Promise<readonly unknown[]> {
    const max = Math.min(wanted, MESSAGES_MAX);
    const body = { max, wait: `${this.#waitMs}ms`, lease: `${this.#leaseMs}ms` };
    const path = `${this.#path}/receive`;
    const signal = interrupted === undefined ? {} : { signal: interrupted };
    try {
      const request = { method: 'POST', path, body, about: this.#about, waitMs: this.#waitMs } as const;
      return listAt((await this.#api.ask({ ...request, ...signal })).json, 'messages');
    } catch (error) {
      if (interrupted?.aborted) return [];
      throw error;
    }
  }

  /** `retry` gives them back. */
  async settle(messages: readonly unknown[], action: 'ack' | 'retry'): Promise<void> {
    if (messages.length === 0) return;
    const settlements = messages.map((message) => ({
      lease_id: textAt(message, 'lease_id'),
      action,
      ...(action === 'retry' ? { delay: '0ms' } : {}),
    }));
    const path = `${this.#path}/settle`;
    const answer = (await this.#api.ask({ method: 'POST', path, body: { settlements } })).json;
    const failed = numberAt(answer, 'failed') ?? 0;
    if (failed === 0) return;
    const details = listAt(answer, 'results').map((result) => textAt(result, 'detail'));
    const why = details.find((detail) => detail !== undefined) ?? '';
    const text = `${amountText(failed, 'message')} of ${messages.length} not settled, others get them, too: ${why}`;
    throw new ApiFailure('REFUSED', `${text}; --lease gives more time`);
  }
}
