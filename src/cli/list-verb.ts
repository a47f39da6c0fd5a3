/** Lists of the HTTP API as tables: one shape for all of them. */
import { didYouMean } from '../daemon/nearest-names.ts';
import { OptionError } from '../daemon/option-error.ts';
import { text, wholeNumber } from '../daemon/option-kinds.ts';
import { segment } from './api/api-client.ts';
import { textAt } from './api/json-fields.ts';
import { readList } from './api/read-list.ts';
import { EXIT_OK } from './command.ts';
import { type Flag, type Flags, option, toggle } from './grammar/flags.ts';
import { type Invocation, type Verb, verb } from './grammar/verb.ts';
import { visible } from './terminal/text-width.ts';
import { type Cell, type Column, textTable } from './text-table.ts';

/** A column of a list. */
export interface ListColumn extends Column {
  cell(item: unknown): Cell;
  /** What `--sort` compares, where it is not the cell: numbers, the largest first. */
  sortBy?(item: unknown): number | undefined;
}

export interface ListDefinition {
  /** Behind `/api/`, with the vhost behind it when one is named. */
  readonly path: string;
  /** In words: `policies`. */
  readonly plural: string;
  readonly summary: string;
  readonly columns: readonly ListColumn[];
  /** Where the list of one vhost is: behind the path (if absent), or below that of the vhost, or there are no vhosts. */
  readonly ofVhost?: 'below-vhost' | 'none';
  /** What `--match` looks into. */
  nameOf(item: unknown): string | undefined;
}

const LIST_FLAGS: {
  readonly match: Flag<string | undefined>;
  readonly sort: Flag<string | undefined>;
  readonly reverse: Flag<boolean>;
  readonly limit: Flag<number | undefined>;
} = {
  match: option(text('text'), 'only those with this text in their names'),
  sort: option(text('column'), 'sort by a column: numbers with the largest first'),
  reverse: toggle('the other way round'),
  limit: option(wholeNumber(1, 1_000_000), 'at most so many'),
};

/** `list` of a command: the verb that is meant when none is named. */
export function listVerb(definition: ListDefinition): Verb {
  const { summary, ofVhost } = definition;
  return verb({
    name: 'list',
    summary,
    flags: LIST_FLAGS,
    vhosts: ofVhost === 'none' ? 'none' : 'vhosts',
    async run(invocation) {
      const { api, givenVhost, flags } = invocation;
      const column = sortColumn(definition, flags.sort);
      const about = givenVhost === undefined ? undefined : `vhost '${givenVhost}'`;
      const all = await readList(api, pathIn(definition, givenVhost), '', about);
      const found = all.filter(
        (item) => flags.match === undefined || definition.nameOf(item)?.includes(flags.match),
      );
      if (column !== undefined) found.sort(comparison(column));
      if (flags.reverse) found.reverse();
      printList(invocation, definition, found.slice(0, flags.limit));
      return EXIT_OK;
    },
  });
}

function pathIn({ path, ofVhost }: ListDefinition, vhost: string | undefined): string {
  if (vhost === undefined) return `/api/${path}`;
  return ofVhost === 'below-vhost'
    ? `/api/vhosts/${segment(vhost)}/${path}`
    : `/api/${path}/${segment(vhost)}`;
}

/** The items as a table, or as JSON when that was asked for. */
export function printList(
  { output, json, givenVhost }: Invocation<Flags>,
  { columns, plural }: Pick<ListDefinition, 'columns' | 'plural'>,
  items: readonly unknown[],
): void {
  if (json) {
    output.json(items);
    return;
  }
  const place = givenVhost === undefined ? '' : ` in vhost '${visible(givenVhost)}'`;
  if (items.length === 0) {
    output.remark(`No ${plural}${place}.`);
    return;
  }
  const isVhostPlain = items.every((item) => vhostOf(item) === (givenVhost ?? '/'));
  const shown = isVhostPlain ? columns.filter((column) => column !== VHOST_COLUMN) : columns;
  const rows = items.map((item) => shown.map((column) => column.cell(item)));
  output.lines(textTable(shown, rows, { width: output.width, hasColors: output.hasColors }));
}

function sortColumn({ columns }: ListDefinition, title: string | undefined): ListColumn | undefined {
  if (title === undefined) return undefined;
  const titles = columns.map((column) => column.title);
  const found = columns.find((column) => column.title === title);
  if (found !== undefined) return found;
  throw new OptionError(
    `option --sort: bad value '${title}'${didYouMean(title, titles)}; allowed: ${titles.join(', ')}`,
  );
}

function comparison(column: ListColumn): (a: unknown, b: unknown) => number {
  const { sortBy } = column;
  if (sortBy !== undefined) return (a, b) => (sortBy(b) ?? -1) - (sortBy(a) ?? -1);
  const textOf = (item: unknown): string => {
    const cell = column.cell(item);
    return typeof cell === 'string' ? cell : cell.text;
  };
  return (a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0);
}

/** A column of texts; `read` gives the text as the API has it. */
export function textColumn(title: string, read: (item: unknown) => string, dropRank?: number): ListColumn {
  return { title, align: 'left', cell: read, ...(dropRank === undefined ? {} : { dropRank }) };
}

/** A column with a field of the API as it stands. */
export function fieldColumn(title: string, path: string, dropRank?: number): ListColumn {
  return textColumn(title, (item) => visible(textAt(item, path) ?? ''), dropRank);
}

/** A column of numbers, shown by `show`. */
export function numberColumn(
  title: string,
  read: (item: unknown) => number | undefined,
  show: (value: number | undefined) => string,
  dropRank?: number,
): ListColumn {
  return {
    title,
    align: 'right',
    cell: (item) => show(read(item)),
    sortBy: read,
    ...(dropRank === undefined ? {} : { dropRank }),
  };
}

/** Left out of a table in which all are in the vhost that was named, or in `/`. */
export const VHOST_COLUMN: ListColumn = textColumn('vhost', (item) => visible(vhostOf(item) ?? ''));

function vhostOf(item: unknown): string | undefined {
  return textAt(item, 'vhost') ?? textAt(item, 'queue.vhost');
}
