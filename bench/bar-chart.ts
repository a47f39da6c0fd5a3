/**
 * A chart of horizontal bars as SVG: a group per row of a table, in it a bar per series. Equal input gives equal bytes.
 *
 *     title
 *     subtitle                 [] series 0  [] series 1
 *                    0         500 k       1 M
 *     group title    |##########################| 951,000
 *     subtitle       |############| 480,000
 *                    |-| 22,000
 *     footer
 *
 * The scale is linear from 0: the length of a bar says how many times another one it is, which a logarithmic one hides. A
 * bar that is too short to be seen is still named by its figure.
 *
 * Colours are given with a background of their own, because the same file is shown on light and on dark pages.
 */

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  /** The names of the bars of a group, in order. */
  readonly series: readonly string[];
  readonly groups: readonly BarGroup[];
  /** Lines below the chart. */
  readonly footer: readonly string[];
}

export interface BarGroup {
  readonly title: string;
  readonly subtitle: string;
  /** One for each series; undefined where nothing was measured. Not negative. */
  readonly values: readonly (number | undefined)[];
}

/** Pixels. */
const WIDTH = 880;
const MARGIN = 24;
const PLOT_LEFT = 264;
/** The figure of the longest bar stands to the right of the plot. */
const PLOT_RIGHT = WIDTH - MARGIN - 76;
const PLOT_WIDTH = PLOT_RIGHT - PLOT_LEFT;
const PLOT_TOP = 118;
const BAR_HEIGHT = 15;
const BAR_STEP = 18;
const GROUP_GAP = 16;
/** A group needs room for its title and subtitle, however few bars it has. */
const GROUP_HEIGHT_MIN = 34;
const FOOTER_STEP = 16;
const BAR_WIDTH_MIN = 1;
/** Of a letter of 12 pixels; legends are spaced by it. */
const LETTER_WIDTH = 6.8;
const TICK_COUNT_MAX = 6;

const BACKGROUND = '#ffffff';
const FRAME = '#d0d7de';
const GRID = '#e4e8ec';
const TEXT = '#1f2328';
const QUIET_TEXT = '#57606a';
/** Differ in lightness, too, for readers who see no colours. */
const COLOURS: readonly string[] = ['#0b5d44', '#5bb992', '#e08a1e', '#7a5195', '#8a939c', '#2f6fb0'];

export function barChart(chart: BarChart): string {
  const top = Math.max(0, ...chart.groups.flatMap((group) => group.values.map((value) => value ?? 0)));
  const scale = linearScale(top);
  const bottom = PLOT_TOP + chart.groups.reduce((sum, group) => sum + groupHeight(group), 0);
  const height = bottom + MARGIN + chart.footer.length * FOOTER_STEP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="12">`,
    `<title>${escaped(chart.title)}</title>`,
    `<desc>${escaped(described(chart))}</desc>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6" fill="${BACKGROUND}" stroke="${FRAME}"/>`,
    text(MARGIN, 36, chart.title, { size: 18, bold: true }),
    text(MARGIN, 58, chart.subtitle, { colour: QUIET_TEXT }),
    ...legend(chart.series),
    ...scale.ticks.flatMap((tick) => gridLine(tick, scale, bottom)),
    ...bars(chart.groups, scale),
    ...chart.footer.map((line, index) =>
      text(MARGIN, bottom + MARGIN + index * FOOTER_STEP, line, { colour: QUIET_TEXT, size: 11 }),
    ),
    '</svg>',
    '',
  ].join('\n');
}

interface LinearScale {
  /** From 0 in equal steps; the last one is not below the largest value. */
  readonly ticks: readonly number[];
  readonly last: number;
}

/** Steps of 1, 2 or 5 times a power of ten, as fine as TICK_COUNT_MAX allows. */
function linearScale(top: number): LinearScale {
  const largest = top > 0 ? top : 1;
  const power = 10 ** Math.floor(Math.log10(largest / TICK_COUNT_MAX));
  const steps = [power, 2 * power, 5 * power, 10 * power];
  const step = steps.find((candidate) => Math.ceil(largest / candidate) <= TICK_COUNT_MAX) as number;
  const ticks = Array.from({ length: Math.ceil(largest / step) + 1 }, (_, index) => index * step);
  return { ticks, last: ticks.at(-1) as number };
}

function x(value: number, { last }: LinearScale): number {
  return PLOT_LEFT + (value / last) * PLOT_WIDTH;
}

function groupHeight(group: BarGroup): number {
  return Math.max(group.values.length * BAR_STEP, GROUP_HEIGHT_MIN) + GROUP_GAP;
}

function legend(series: readonly string[]): string[] {
  let left = MARGIN;
  return series.flatMap((name, index) => {
    const at = left;
    left += 22 + name.length * LETTER_WIDTH + 18;
    return [rectangle(at, 72, 14, 14, colourOf(index)), text(at + 20, 84, name)];
  });
}

function gridLine(tick: number, scale: LinearScale, bottom: number): string[] {
  const at = pixels(x(tick, scale));
  return [
    `<line x1="${at}" y1="${PLOT_TOP - 6}" x2="${at}" y2="${bottom - GROUP_GAP + 4}" stroke="${tick === 0 ? QUIET_TEXT : GRID}"/>`,
    text(x(tick, scale), PLOT_TOP - 12, shortNumber(tick), {
      colour: QUIET_TEXT,
      size: 11,
      anchor: 'middle',
    }),
  ];
}

function bars(groups: readonly BarGroup[], scale: LinearScale): string[] {
  let top = PLOT_TOP;
  return groups.flatMap((group) => {
    const at = top;
    top += groupHeight(group);
    return [
      text(MARGIN, at + 13, group.title, { size: 13, bold: true }),
      text(MARGIN, at + 29, group.subtitle, { colour: QUIET_TEXT, size: 11 }),
      ...group.values.flatMap((value, index) => bar(value, index, at + index * BAR_STEP, scale)),
    ];
  });
}

function bar(value: number | undefined, index: number, top: number, scale: LinearScale): string[] {
  const baseline = top + BAR_HEIGHT - 3.5;
  if (value === undefined) {
    return [text(PLOT_LEFT + 6, baseline, 'not measured', { colour: QUIET_TEXT, size: 11 })];
  }
  const width = Math.max(x(value, scale) - PLOT_LEFT, BAR_WIDTH_MIN);
  return [
    rectangle(PLOT_LEFT, top, width, BAR_HEIGHT, colourOf(index)),
    text(PLOT_LEFT + width + 6, baseline, Math.round(value).toLocaleString('en-US')),
  ];
}

interface TextStyle {
  readonly size?: number;
  readonly bold?: boolean;
  readonly colour?: string;
  readonly anchor?: 'middle';
}

function text(at: number, baseline: number, content: string, style: TextStyle = {}): string {
  const attributes = [
    `x="${pixels(at)}" y="${pixels(baseline)}" fill="${style.colour ?? TEXT}"`,
    ...(style.size === undefined ? [] : [`font-size="${style.size}"`]),
    ...(style.bold === true ? ['font-weight="600"'] : []),
    ...(style.anchor === undefined ? [] : [`text-anchor="${style.anchor}"`]),
  ];
  return `<text ${attributes.join(' ')}>${escaped(content)}</text>`;
}

function rectangle(left: number, top: number, width: number, height: number, colour: string): string {
  return `<rect x="${pixels(left)}" y="${pixels(top)}" width="${pixels(width)}" height="${pixels(height)}" fill="${colour}"/>`;
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

/** At most one digit behind the point: no difference that nobody sees, and the same text on every machine. */
function pixels(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** 0, 500 k, 1.5 M */
function shortNumber(value: number): string {
  if (value >= 1e6) {
    return `${Number((value / 1e6).toFixed(2))} M`;
  }
  return value >= 1e3 ? `${Number((value / 1e3).toFixed(2))} k` : String(Number(value.toFixed(2)));
}

/** For readers who hear the chart. */
function described({ subtitle, series, groups }: BarChart): string {
  const lines = groups.map((group) => {
    const values = group.values.map((value, index) => {
      const figure = value === undefined ? 'not measured' : Math.round(value).toLocaleString('en-US');
      return `${series[index]} ${figure}`;
    });
    return `${group.title}: ${values.join(', ')}`;
  });
  return `${subtitle}. ${lines.join('. ')}.`;
}

function escaped(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
