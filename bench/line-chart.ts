/**
 * Lines over time as SVG: panels below each other that share one axis of time. Equal input gives equal bytes.
 *
 *     title
 *     subtitle
 *     messages a second   -- come in  -- go out
 *      4 k |        ____
 *      2 k |       /    \
 *        0 |______/      \______
 *     instances
 *        5 |      ______
 *        0 |_____/      \_______
 *          0     20     40    60
 *                 seconds
 *     footer
 *
 * Colours are given with a background of their own, because the same file is shown on light and on dark pages.
 */

export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  /** What the axis of time is in. */
  readonly xTitle: string;
  readonly panels: readonly LinePanel[];
  /** Lines below the chart. */
  readonly footer: readonly string[];
}

export interface LinePanel {
  /** What the other axis is in. */
  readonly title: string;
  readonly lines: readonly Line[];
  /** A value that is drawn from side to side. */
  readonly bound?: { readonly name: string; readonly y: number };
}

export interface Line {
  readonly name: string;
  /** Sorted by x, from 0 on. */
  readonly points: readonly Point[];
  /** Whether a value holds until the next one. */
  readonly isStepped?: boolean;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pixels. */
const WIDTH = 880;
const MARGIN = 24;
const PLOT_LEFT = 84;
const PLOT_RIGHT = WIDTH - MARGIN;
const PANELS_TOP = 82;
const PANEL_TITLE_HEIGHT = 26;
const PANEL_HEIGHT = 104;
const PANEL_GAP = 18;
const X_AXIS_HEIGHT = 44;
const FOOTER_STEP = 16;
/** Of a letter of 12 pixels; legends are spaced by it. */
const LETTER_WIDTH = 6.8;
const Y_TICK_COUNT_MAX = 4;
const X_TICK_COUNT_MAX = 12;

const BACKGROUND = '#ffffff';
const FRAME = '#d0d7de';
const GRID = '#e4e8ec';
const TEXT = '#1f2328';
const QUIET_TEXT = '#57606a';
const BOUND = '#c03a2b';
/** Differ in lightness, too, for readers who see no colours. */
const COLOURS: readonly string[] = ['#0b5d44', '#e08a1e', '#2f6fb0'];

export function lineChart(chart: LineChart): string {
  const { panels, footer } = chart;
  const xs = panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map(({ x }) => x)));
  const xScale = scaleFor(Math.max(0, ...xs), PLOT_LEFT, PLOT_RIGHT, X_TICK_COUNT_MAX, 'data');
  const bottom = PANELS_TOP + panels.length * (PANEL_TITLE_HEIGHT + PANEL_HEIGHT + PANEL_GAP) - PANEL_GAP;
  const height = bottom + X_AXIS_HEIGHT + MARGIN + footer.length * FOOTER_STEP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="12">`,
    `<title>${escaped(chart.title)}</title>`,
    `<desc>${escaped(`${chart.subtitle} ${footer.join(' ')}`)}</desc>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6" fill="${BACKGROUND}" stroke="${FRAME}"/>`,
    text(MARGIN, 36, chart.title, { size: 18, bold: true }),
    text(MARGIN, 58, chart.subtitle, { colour: QUIET_TEXT }),
    ...panels.flatMap((panel, index) =>
      panelElements(panel, PANELS_TOP + index * (PANEL_TITLE_HEIGHT + PANEL_HEIGHT + PANEL_GAP), xScale),
    ),
    ...xScale.ticks.map((tick) =>
      text(xScale.at(tick), bottom + 16, shortNumber(tick), {
        colour: QUIET_TEXT,
        size: 11,
        anchor: 'middle',
      }),
    ),
    text((PLOT_LEFT + PLOT_RIGHT) / 2, bottom + 36, chart.xTitle, { anchor: 'middle' }),
    ...footer.map((line, index) =>
      text(MARGIN, bottom + X_AXIS_HEIGHT + MARGIN + index * FOOTER_STEP - 4, line, {
        colour: QUIET_TEXT,
        size: 11,
      }),
    ),
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** Linear from 0, in steps of 1, 2 or 5 times a power of ten. It ends with a step, or with the data. */
function scaleFor(top: number, from: number, to: number, tickCountMax: number, end: 'step' | 'data'): Scale {
  const largest = top > 0 ? top : 1;
  const power = 10 ** Math.floor(Math.log10(largest / tickCountMax));
  const steps = [power, 2 * power, 5 * power, 10 * power];
  const step = steps.find((each) => Math.ceil(largest / each) <= tickCountMax) ?? 10 * power;
  const count = end === 'step' ? Math.ceil(largest / step) : Math.floor(largest / step);
  const last = end === 'step' ? count * step : largest;
  return {
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
    at: (value) => from + (Math.min(value, last) / last) * (to - from),
  };
}

function panelElements(panel: LinePanel, top: number, xScale: Scale): string[] {
  const [plotTop, plotBottom] = [top + PANEL_TITLE_HEIGHT, top + PANEL_TITLE_HEIGHT + PANEL_HEIGHT];
  const ys = panel.lines.flatMap(({ points }) => points.map(({ y }) => y));
  const yScale = scaleFor(
    Math.max(0, panel.bound?.y ?? 0, ...ys),
    plotBottom,
    plotTop,
    Y_TICK_COUNT_MAX,
    'step',
  );
  return [
    text(MARGIN, top + 14, panel.title, { bold: true }),
    ...legend(panel, top),
    ...yScale.ticks.flatMap((tick) => [
      horizontal(yScale.at(tick), tick === 0 ? QUIET_TEXT : GRID),
      text(PLOT_LEFT - 8, yScale.at(tick) + 4, shortNumber(tick), {
        colour: QUIET_TEXT,
        size: 11,
        anchor: 'end',
      }),
    ]),
    ...(panel.bound === undefined ? [] : [horizontal(yScale.at(panel.bound.y), BOUND, '5 4')]),
    ...panel.lines.map((line, index) => path(line, colourOf(index), xScale, yScale)),
  ];
}

function legend({ title, lines, bound }: LinePanel, top: number): string[] {
  const names = [
    ...(lines.length < 2 && bound === undefined ? [] : lines.map(({ name }) => name)),
    ...(bound === undefined ? [] : [bound.name]),
  ];
  let left = MARGIN + title.length * LETTER_WIDTH * 1.08 + 24;
  return names.flatMap((name, index) => {
    const at = left;
    left += 26 + name.length * LETTER_WIDTH + 16;
    const isBound = index >= lines.length;
    const dash = isBound ? ' stroke-dasharray="5 4"' : '';
    const colour = isBound ? BOUND : colourOf(index);
    return [
      `<line x1="${pixels(at)}" y1="${pixels(top + 10)}" x2="${pixels(at + 18)}" y2="${pixels(top + 10)}" stroke="${colour}" stroke-width="2"${dash}/>`,
      text(at + 24, top + 14, name),
    ];
  });
}

function path({ points, isStepped = false }: Line, colour: string, xScale: Scale, yScale: Scale): string {
  const steps = points.map(({ x, y }, index) => {
    const [atX, atY] = [pixels(xScale.at(x)), pixels(yScale.at(y))];
    if (index === 0) return `M${atX} ${atY}`;
    return isStepped ? `H${atX}V${atY}` : `L${atX} ${atY}`;
  });
  return `<path d="${steps.join('')}" fill="none" stroke="${colour}" stroke-width="1.6" stroke-linejoin="round"/>`;
}

function horizontal(y: number, colour: string, dash?: string): string {
  const dashes = dash === undefined ? '' : ` stroke-dasharray="${dash}"`;
  return `<line x1="${PLOT_LEFT}" y1="${pixels(y)}" x2="${PLOT_RIGHT}" y2="${pixels(y)}" stroke="${colour}"${dashes}/>`;
}

interface TextStyle {
  readonly size?: number;
  readonly bold?: boolean;
  readonly colour?: string;
  readonly anchor?: 'middle' | 'end';
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

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

/** At most one digit behind the point: no difference that nobody sees, and the same text on every machine. */
function pixels(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** 0, 500, 1.5 k */
function shortNumber(value: number): string {
  return value >= 1e3 ? `${Number((value / 1e3).toFixed(2))} k` : String(Number(value.toFixed(2)));
}

function escaped(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
