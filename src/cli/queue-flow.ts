import { segment } from './api/api-client.ts';
import { listAt, numberAt, textAt } from './api/json-fields.ts';
import { secondsAt } from './api/read-flow.ts';
import { EXIT_OK } from './command.ts';
import { timeSpan } from './grammar/flag-kinds.ts';
import { option } from './grammar/flags.ts';
import { type Verb, verb } from './grammar/verb.ts';
import { queueText } from './queue-paths.ts';
import type { Output } from './terminal/output.ts';
import { amountOf, numberText, percentText, rateText, spanText } from './terminal/quantity-texts.ts';
import { visible } from './terminal/text-width.ts';
import { type Column, textTable } from './text-table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'last', align: 'left' },
  { title: 'state', align: 'left' },
  { title: 'in', align: 'right' },
  { title: 'out', align: 'right' },
  { title: 'delay', align: 'right' },
  { title: 'empty in', align: 'right', dropRank: 3 },
  { title: '50 %', align: 'right', dropRank: 2 },
  { title: '95 %', align: 'right', dropRank: 5 },
  { title: '99 %', align: 'right' },
  { title: 'busy', align: 'right', dropRank: 1 },
];
const NEEDED: Column = { title: 'needed', align: 'right' };

/** `leveret queues flow`: the maths of one queue over several windows. */
export const flowVerb: Verb = verb({
  name: 'flow',
  summary: 'show how messages flow through a queue, and how long they take',
  operands: [{ name: 'QUEUE' }],
  flags: { target: option(timeSpan(1, 86_400_000), 'say how many consumers a mean time like this needs') },
  vhosts: 'vhost',
  async run({ api, output, vhost, flags, json, operands: [name = ''] }) {
    const query = flags.target === undefined ? '' : `?target_delay_ms=${flags.target}`;
    const path = `/v1/queues/${segment(vhost)}/${segment(name)}/flow${query}`;
    const flow = await api.get(path, queueText(vhost, name));
    if (json) output.json(flow);
    else output.lines(flowLines(output, flow, flags.target !== undefined));
    return EXIT_OK;
  },
});

function flowLines(output: Output, flow: unknown, hasTarget: boolean): string[] {
  const count = (path: string): string => numberText(numberAt(flow, path) ?? 0);
  const oldest = secondsAt(flow, 'oldest_ready_age_ms');
  const amounts = [
    `${count('messages_ready')} ready`,
    `${count('messages_unacknowledged')} unacked`,
    amountOf(numberAt(flow, 'consumers') ?? 0, 'consumer'),
    `${count('enqueued_total')} in and ${count('settled_total')} out so far`,
    ...(oldest === undefined ? [] : [`the oldest waits for ${spanText(oldest)}`]),
  ];
  const windows = listAt(flow, 'windows');
  const rows = windows.map((window) => [
    ...cellsOf(window),
    ...(hasTarget ? [numberText(numberAt(window, 'consumers_needed'))] : []),
  ]);
  const columns = hasTarget ? [...COLUMNS, NEEDED] : COLUMNS;
  const reason = textAt(windows[0], 'state_reason');
  return [
    `queue ${visible(textAt(flow, 'queue') ?? '')}: ${amounts.join(', ')}`,
    ...(reason === undefined ? [] : [`${visible(textAt(windows[0], 'state') ?? '')}: ${visible(reason)}`]),
    '',
    ...textTable(columns, rows, { width: output.width, hasColors: output.hasColors }),
  ];
}

function cellsOf(window: unknown): string[] {
  return [
    spanText(numberAt(window, 'window_seconds')),
    visible(textAt(window, 'state') ?? ''),
    rateText(numberAt(window, 'rate_in_per_second')),
    rateText(numberAt(window, 'rate_out_per_second')),
    spanText(secondsAt(window, 'delay_ms')),
    spanText(secondsAt(window, 'drain_ms')),
    spanText(secondsAt(window, 'measured.p50_ms')),
    spanText(secondsAt(window, 'measured.p95_ms')),
    spanText(secondsAt(window, 'measured.p99_ms')),
    percentText(numberAt(window, 'utilisation')),
  ];
}
