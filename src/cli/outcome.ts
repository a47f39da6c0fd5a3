import { text } from '../daemon/option-kinds.ts';
import { segment } from './api/api-client.ts';
import { listAt, numberAt, textAt } from './api/json-fields.ts';
import { secondsAt } from './api/read-flow.ts';
import { type Command, EXIT_FAILURE, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { timeSpan } from './grammar/flag-kinds.ts';
import { option } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { pairsText } from './terminal/name-texts.ts';
import type { Output } from './terminal/output.ts';
import { amountOf, bytesText, spanText } from './terminal/quantity-texts.ts';
import type { Style } from './terminal/style.ts';
import { visible, visibleLines } from './terminal/text-width.ts';

const WAIT_MS_MAX = 3_600_000;
const LABEL_WIDTH = 9;

export const outcomeCommand: Command = apiCommand({
  name: 'outcome',
  summary: 'Say what became of a message, and what came of it',
  about: `
Prints the outcome of a message in each queue that it went to: completed, failed,
expired, dead-lettered or dropped, with the result or the error that its consumer
gave. It is kept when the message (header x-outcome-ttl), its queue or a policy
asks for it. Exit code 1 when it did not complete, or there is none.`,
  verbs: [
    verb({
      name: '',
      summary: 'Say what became of a message',
      operands: [{ name: 'MESSAGE_ID' }],
      flags: {
        wait: option(timeSpan(1, WAIT_MS_MAX), 'wait so long when there is none yet'),
        queue: option(text('name'), 'only in this queue'),
      },
      vhosts: 'vhost',
      async run({ api, output, vhost, flags, json, operands: [messageId = ''] }) {
        const query = new URLSearchParams();
        if (flags.queue !== undefined) query.set('queue', flags.queue);
        if (flags.wait !== undefined) query.set('wait', `${flags.wait}ms`);
        const path = `/v1/outcomes/${segment(vhost)}/${segment(messageId)}?${query}`;
        const about = `outcome of message '${messageId}'`;
        const answer = (await api.ask({ path, about, waitMs: flags.wait ?? 0 })).json;
        const outcomes = listAt(answer, 'outcomes');
        if (json) output.json(answer);
        else output.lines(outcomes.flatMap((outcome, index) => outcomeLines(output, outcome, index)));
        return outcomes.every((each) => textAt(each, 'status') === 'completed') ? EXIT_OK : EXIT_FAILURE;
      },
    }),
  ],
  examples: [['leveret outcome order-4711 --wait 30s', 'wait until it is done, and print the result']],
});

function outcomeLines(output: Output, outcome: unknown, index: number): string[] {
  const status = textAt(outcome, 'status') ?? '';
  const reason = textAt(outcome, 'reason');
  const queue = visible(textAt(outcome, 'queue') ?? '');
  const cause = reason === undefined || reason === status ? '' : ` (${visible(reason)})`;
  const facts: (readonly [string, string])[] = [
    ['settled', visible(textAt(outcome, 'settled_at') ?? '')],
    ['times', timesText(outcome)],
    ['error', visible(textAt(outcome, 'error') ?? '')],
    ['type', visible(textAt(outcome, 'content_type') ?? '')],
    ['headers', pairsText(outcome, 'headers')],
  ];
  const result = resultText(outcome);
  return [
    ...(index === 0 ? [] : ['']),
    `queue ${queue}: ${output.style(visible(status) + cause, STYLES.get(status) ?? 'plain')}`,
    ...facts
      .filter(([, fact]) => fact !== '')
      .map(([label, fact]) => `  ${label.padEnd(LABEL_WIDTH)}${fact}`),
    ...(result === undefined ? [] : ['', ...result.replace(/\n$/, '').split('\n')]),
  ];
}

const STYLES: ReadonlyMap<string, Style> = new Map([
  ['completed', 'green'],
  ['failed', 'red'],
  ['expired', 'yellow'],
  ['dead-lettered', 'yellow'],
  ['dropped', 'red'],
]);

function timesText(outcome: unknown): string {
  const deliveries = amountOf(numberAt(outcome, 'deliveries') ?? 0, 'delivery', 'deliveries');
  const waiting = spanText(secondsAt(outcome, 'waiting_ms') ?? 0);
  const working = spanText(secondsAt(outcome, 'working_ms') ?? 0);
  return `${deliveries}, ${waiting} waiting, ${working} working`;
}

function resultText(outcome: unknown): string | undefined {
  const result = textAt(outcome, 'result');
  if (result === undefined || textAt(outcome, 'result_encoding') !== 'base64') {
    return result === undefined ? undefined : visibleLines(result);
  }
  return `(${bytesText(Buffer.from(result, 'base64').length)} that are no text: see --json)`;
}
