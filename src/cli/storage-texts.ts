import { printable } from '../daemon/console-log.ts';
import type { Salvage, StorageVerification, StreamInspection } from '../daemon/data-dir-tools.ts';
import { amountText, countText, sizeText } from '../daemon/size-text.ts';
import { type Column, textTable } from './text-table.ts';

type Segment = StreamInspection['segments'][number];
type Place = Salvage['losses'][number];

const INSPECTION_COLUMNS: readonly Column[] = [
  { title: 'file', align: 'left' },
  { title: 'size', align: 'right' },
  { title: 'live', align: 'right' },
  { title: 'dead', align: 'right' },
  { title: 'blocks', align: 'right' },
  { title: 'messages', align: 'right' },
  { title: 'settled', align: 'right' },
  { title: 'notes', align: 'right' },
  { title: 'reaches', align: 'right' },
  { title: 'definitions', align: 'right' },
];

const PLACE_COLUMNS: readonly Column[] = [
  { title: 'file', align: 'left' },
  { title: 'offset', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'what', align: 'left' },
];

/** A line for each segment file, and their sum. */
export function inspectionText(streams: readonly StreamInspection[]): string {
  const segments = streams.flatMap((stream) => stream.segments);
  const rows = segments.map((segment) => [segment.file, ...cellsOf([segment])]);
  return textOf([
    ...textTable(INSPECTION_COLUMNS, [...rows, ['total', ...cellsOf(segments)]]),
    '',
    ...LEGEND,
  ]);
}

const LEGEND: readonly string[] = [
  'live: messages that a queue still holds. dead: all else; it goes with its file,',
  'or when the log is cleaned. settled, notes, reaches: what happened to messages.',
];

function cellsOf(segments: readonly Segment[]): string[] {
  const sum = (of: (segment: Segment) => number): number =>
    segments.reduce((total, segment) => total + of(segment), 0);
  return [
    sizeText(sum(({ bytes }) => bytes)),
    sizeText(sum(({ liveBytes }) => liveBytes)),
    sizeText(sum(({ deadBytes }) => deadBytes)),
    countText(sum(({ blockCount }) => blockCount)),
    countText(sum(({ records }) => records.message)),
    countText(sum(({ records }) => records.settled)),
    countText(sum(({ records }) => records.note)),
    countText(sum(({ records }) => records.reach)),
    countText(sum(({ records }) => records.definition)),
  ];
}

/** What is damaged, if anything is, and what to do. */
export function verificationText(verification: StorageVerification, dataDir: string): string {
  const { fileCount, bytes, blockCount, losses, remarks } = verification;
  const checked = `Checked ${amountText(fileCount, 'file')}, ${sizeText(bytes)}, ${amountText(blockCount, 'block')}`;
  const lines = [`${checked}: ${losses.length === 0 ? 'nothing is damaged' : 'DAMAGED'}.`];
  if (remarks.length > 0) lines.push('', 'Without loss:', ...places(remarks));
  if (losses.length > 0) lines.push('', 'Lost:', ...places(losses), '', ...whatToDo(dataDir));
  return textOf(lines);
}

function whatToDo(dataDir: string): string[] {
  return [
    'A broker does not start on it. To keep the rest and leave out what is lost:',
    `  leveret recover --data-dir ${printable(dataDir)}`,
  ];
}

/** What was saved and what is lost; or would be, in a dry run. */
export function salvageText(
  { keptBlockCount, losses, rewritten, quarantined }: Salvage,
  { dataDir, dryRun }: { readonly dataDir: string; readonly dryRun: boolean },
): string {
  if (rewritten.length === 0) return 'Nothing is damaged, and nothing was changed.\n';
  const lines = losses.length === 0 ? ['Nothing is lost.'] : ['Lost:', ...places(losses)];
  const kept = `${amountText(keptBlockCount, 'block')} ${passive(keptBlockCount, dryRun)} kept`;
  const written = `${amountText(rewritten.length, 'file')} ${passive(rewritten.length, dryRun)} written anew`;
  lines.push('', `${kept}; ${written}.`);
  if (dryRun) lines.push('Nothing was changed: this was a dry run.');
  if (quarantined.length > 0) lines.push(`What was there before is in ${printable(dataDir)}:`);
  lines.push(...quarantined.map((name) => `  ${name}`));
  if (!dryRun) lines.push('A broker can be started on it now.');
  return textOf(lines);
}

function passive(count: number, dryRun: boolean): string {
  if (dryRun) return 'would be';
  return count === 1 ? 'was' : 'were';
}

function places(found: readonly Place[]): string[] {
  const rows = found.map(({ file, offset, bytes, text }) => [file, String(offset), String(bytes), text]);
  return textTable(PLACE_COLUMNS, rows).map((line) => `  ${line}`);
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
