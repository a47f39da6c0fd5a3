import { type Style, styled } from './terminal/style.ts';
import { shortened, textWidth } from './terminal/text-width.ts';

/** One column of a table: numbers stand to the right. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Left out when the table is wider than the terminal, the highest number first; absent: never. */
  readonly dropRank?: number;
  /** Its cells are never shortened. */
  readonly isWhole?: true;
}

/** The text of a cell, which may be shortened to fit when it stands to the left. */
export type Cell = string | { readonly text: string; readonly style: Style };

export interface TableOptions {
  /** Columns of the terminal; absent: as wide as it takes. */
  readonly width?: number | undefined;
  readonly hasColors?: boolean;
}

const GAP = 2;
/** Texts are shortened to this before a column is left out, and to the second when there is none to leave out. */
const SHORT_TEXT = 24;
const SHORTEST_TEXT = 6;

/** Lines with the cells of `rows` under their titles, two spaces apart. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width = Number.POSITIVE_INFINITY, hasColors = false }: TableOptions = {},
): string[] {
  const layout = layoutOf(columns, rows, width);
  const lineOf = (cells: readonly Cell[]): string =>
    layout
      .map(({ index, column, width: cellWidth }) => shown(cells[index] ?? '', column, cellWidth, hasColors))
      .join(' '.repeat(GAP))
      .trimEnd();
  const titles = columns.map(({ title }): Cell => ({ text: title, style: 'dim' }));
  return [lineOf(titles), ...rows.map(lineOf)];
}

interface ColumnLayout {
  readonly index: number;
  readonly column: Column;
  width: number;
}

/** Which columns there is room for, and how wide each is. */
function layoutOf(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): readonly ColumnLayout[] {
  let layout = columns.map((column, index) => ({ index, column, width: naturalWidth(column, index, rows) }));
  for (;;) {
    const narrowed = narrow(layout, width, SHORT_TEXT);
    if (totalWidth(narrowed) <= width) return narrowed;
    const dropped = leastWanted(layout);
    if (dropped === undefined) return narrow(layout, width, SHORTEST_TEXT);
    layout = layout.filter((each) => each !== dropped);
  }
}

function naturalWidth({ title }: Column, index: number, rows: readonly (readonly Cell[])[]): number {
  let width = textWidth(title);
  for (const row of rows) width = Math.max(width, textWidth(textOf(row[index] ?? '')));
  return width;
}

/** Takes from the widest text until it fits, or none has more than `shortest`. */
function narrow(layout: readonly ColumnLayout[], width: number, shortest: number): ColumnLayout[] {
  const narrowed = layout.map((each) => ({ ...each }));
  let surplus = totalWidth(narrowed) - width;
  while (surplus > 0) {
    const widest = narrowed.reduce<ColumnLayout | undefined>(wider, undefined);
    const minimum = Math.max(shortest, widest?.column.title.length ?? 0);
    if (widest === undefined || widest.width <= minimum) break;
    widest.width--;
    surplus--;
  }
  return narrowed;
}

function wider(best: ColumnLayout | undefined, each: ColumnLayout): ColumnLayout | undefined {
  if (each.column.align === 'right' || each.column.isWhole) return best;
  return best === undefined || each.width > best.width ? each : best;
}

function leastWanted(layout: readonly ColumnLayout[]): ColumnLayout | undefined {
  const droppable = layout.filter(({ column }) => column.dropRank !== undefined);
  return droppable.reduce<ColumnLayout | undefined>(
    (best, each) => ((each.column.dropRank ?? 0) > (best?.column.dropRank ?? -1) ? each : best),
    undefined,
  );
}

function totalWidth(layout: readonly ColumnLayout[]): number {
  return layout.reduce((sum, each) => sum + each.width, 0) + GAP * Math.max(0, layout.length - 1);
}

function shown(cell: Cell, { align }: Column, width: number, hasColors: boolean): string {
  const text = shortened(textOf(cell), width);
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  const styledText = typeof cell === 'string' ? text : styled(text, cell.style, hasColors);
  return align === 'right' ? space + styledText : styledText + space;
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
