import type { FlowSample } from './api/read-flow.ts';
import { amountOf, bytesText, numberText, rateText, spanText } from './terminal/quantity-texts.ts';
import { sparkline } from './terminal/sparkline.ts';
import type { Style } from './terminal/style.ts';
import { styled } from './terminal/style.ts';
import { cutAtEnd, visible } from './terminal/text-width.ts';
import { type Cell, type Column, textTable } from './text-table.ts';
import type { TopOrder, TopQueue, TopSample } from './top-sample.ts';

export interface TopView {
  readonly order: TopOrder;
  readonly shownUrl: string;
  /** Absent where nothing can be typed. */
  readonly keys?: string;
  /** What is wrong: the last refresh failed. */
  readonly trouble?: string | undefined;
  readonly width: number | undefined;
  readonly hasColors: boolean;
}

const COLUMNS: readonly Column[] = [
  { title: 'queue', align: 'left' },
  { title: 'state', align: 'left', isWhole: true },
  { title: 'ready', align: 'right' },
  { title: 'unacked', align: 'right', dropRank: 4 },
  { title: 'in', align: 'right', dropRank: 0 },
  { title: 'out', align: 'right', dropRank: 0 },
  { title: 'delay', align: 'right' },
  { title: '99 %', align: 'right', dropRank: 5 },
  { title: 'oldest', align: 'right', dropRank: 1 },
  { title: 'empty in', align: 'right', dropRank: 3 },
  { title: 'consumers', align: 'right', dropRank: 2 },
  { title: 'in, last minute', align: 'left', isWhole: true, dropRank: 6 },
];

const STATE_STYLES: ReadonlyMap<string, Style> = new Map([
  ['stalled', 'red'],
  ['growing', 'yellow'],
  ['draining', 'green'],
  ['idle', 'dim'],
]);

/** How many lines a frame takes beside its queues. */
export const FRAME_LINES = 7;

/** One frame of `leveret top`. */
export function topFrame(sample: TopSample, view: TopView): string[] {
  const { width, hasColors } = view;
  const cut = (line: string): string => (width === undefined ? line : cutAtEnd(line, width));
  const lines = [
    styled(cut(titleText(sample, view)), 'bold', hasColors),
    cut(messagesText(sample)),
    cut(resourcesText(sample)),
    styled(cut(troubleText(sample, view)), 'red', hasColors),
    ...queueLines(sample.queues, view),
  ];
  if (view.keys !== undefined) lines.push('', styled(cut(view.keys), 'dim', hasColors));
  return lines;
}

function titleText({ title, uptimeSeconds }: TopSample, { shownUrl }: TopView): string {
  const up = uptimeSeconds === undefined ? '' : `, up ${spanText(uptimeSeconds)}`;
  return `${visible(title)} at ${visible(shownUrl)}${up}`;
}

function messagesText(sample: TopSample): string {
  const { ready, unacked, inRate, outRate, ackRate, flow } = sample;
  const state = flow === undefined ? '' : `, ${visible(flow.state)}`;
  const delay = flow?.delaySeconds === undefined ? '' : `, delay ${spanText(flow.delaySeconds)}`;
  const rates = `${rateText(inRate)} in, ${rateText(outRate)} out, ${rateText(ackRate)} acked`;
  return `${numberText(ready)} ready, ${numberText(unacked)} unacked; ${rates}${state}${delay}`;
}

function resourcesText(sample: TopSample): string {
  const { memoryUsedBytes, memoryLimitBytes, diskFreeBytes, queueCount, connections } = sample;
  const parts = [
    amountOf(queueCount, 'queue'),
    amountOf(connections, 'connection'),
    memoryUsedBytes === undefined
      ? ''
      : `memory ${bytesText(memoryUsedBytes)} of ${bytesText(memoryLimitBytes)}`,
    diskFreeBytes === undefined ? '' : `disk ${bytesText(diskFreeBytes)} free`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function troubleText({ hasAlarm }: TopSample, { trouble }: TopView): string {
  if (trouble !== undefined) return visible(trouble);
  return hasAlarm ? 'ALARM: memory or disk is short, publishers have to wait: see leveret status' : '';
}

function queueLines(queues: readonly TopQueue[], { order, width, hasColors }: TopView): string[] {
  if (queues.length === 0) return ['No queues.'];
  const columns = COLUMNS.map((column) => (column.title === ORDER_COLUMNS[order] ? marked(column) : column));
  return textTable(columns, queues.map(cellsOf), { width, hasColors });
}

const ORDER_COLUMNS: Readonly<Record<TopOrder, string>> = {
  delay: 'delay',
  in: 'in',
  out: 'out',
  ready: 'ready',
};

function marked(column: Column): Column {
  return { ...column, title: `${column.title} ▾` };
}

function cellsOf(queue: TopQueue): Cell[] {
  const { vhost, name, flow } = queue;
  return [
    vhost === '/' ? visible(name) : `${visible(name)} (${visible(vhost)})`,
    { text: visible(flow.state), style: STATE_STYLES.get(flow.state) ?? 'plain' },
    numberText(queue.ready),
    numberText(queue.unacked),
    rateText(queue.inRate),
    rateText(queue.outRate),
    delayText(queue, flow),
    spanText(flow.p99Seconds),
    spanText(flow.oldestSeconds),
    spanText(flow.drainSeconds),
    numberText(queue.consumers),
    sparkline(queue.inRates),
  ];
}

/** Where nothing goes out, what is there takes for ever. */
function delayText({ ready, unacked }: TopQueue, { delaySeconds, state }: FlowSample): string {
  if (delaySeconds !== undefined) return spanText(delaySeconds);
  if (ready + unacked === 0) return '';
  return state === 'stalled' ? '∞' : '';
}
