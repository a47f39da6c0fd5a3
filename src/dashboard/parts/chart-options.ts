import type uPlot from 'uplot';
import type { Formats } from '../format/formats.ts';
import { type ChartSteps, lonelyPoints, stepsOf, TIME_STEPS } from './chart-steps.ts';
import { chartTooltip } from './chart-tooltip.ts';

type SeriesColor = 'in' | 'out' | 'depth' | 'delay' | 'other' | 'faint';

export interface ChartSeries {
  readonly label: string;
  readonly color: SeriesColor;
  /** One for each time; null where it is not known. To be kept stable: what is the same array is not drawn again. */
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
  /** The area below is tinted. */
  readonly filled?: boolean;
}

/** What may change without the chart being made anew. */
export interface ChartTexts {
  readonly format: (value: number | null) => string;
  readonly formats: Formats;
  /** The axis goes up to this at least. */
  readonly highest: number;
}

interface ChartShape {
  readonly series: readonly ChartSeries[];
  readonly steps: ChartSteps;
  readonly height: number;
  readonly group: string | undefined;
  readonly hideTimes: boolean;
}

/** The same for all charts, so that those below each other have one time axis. */
const AXIS_WIDTH = 64;
const TIME_AXIS_HEIGHT = 28;
const SECOND_MS = 1000;
/** Room for half of the last mark of the time axis. */
const RIGHT_PADDING = 30;
/** Room above the highest value. */
const HEADROOM = 1.08;

export function chartOptions(frame: HTMLElement, shape: ChartShape, now: () => ChartTexts): uPlot.Options {
  const style = getComputedStyle(frame);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    width: frame.clientWidth,
    height: shape.height,
    padding: [8, RIGHT_PADDING, shape.hideTimes ? 8 : 0, 0],
    legend: { show: false },
    cursor: {
      points: { size: 6 },
      y: false,
      drag: { x: false, y: false },
      ...(shape.group === undefined ? {} : { sync: { key: shape.group } }),
    },
    scales: { y: { range: (_chart, _min, max) => [0, topOf(Math.max(max ?? 0, now().highest))] } },
    axes: axesOf(
      shape,
      { stroke: color('--text-muted'), grid: color('--grid'), font: style.fontFamily },
      now,
    ),
    series: [{}, ...shape.series.map((each) => seriesOf(each, color(`--series-${each.color}`)))],
    plugins: [
      chartTooltip({
        value: (value) => now().format(value),
        time: (atMs) => now().formats.axisTime(atMs, SECOND_MS),
      }),
    ],
  };
}

function topOf(highest: number): number {
  return highest > 0 ? highest * HEADROOM : 1;
}

interface AxisStyle {
  readonly stroke: string;
  readonly grid: string;
  readonly font: string;
}

function axesOf(
  { steps, hideTimes }: ChartShape,
  { stroke, grid, font }: AxisStyle,
  now: () => ChartTexts,
): uPlot.Axis[] {
  const axis: uPlot.Axis = {
    stroke,
    font: `12px ${font}`,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...axis,
      size: hideTimes ? 0 : TIME_AXIS_HEIGHT,
      space: 64,
      incrs: [...TIME_STEPS],
      values: (_chart, splits, _axis, _space, stepSeconds) =>
        hideTimes
          ? splits.map(() => '')
          : splits.map((second) => now().formats.axisTime(second * 1000, stepSeconds * 1000)),
    },
    {
      ...axis,
      size: AXIS_WIDTH,
      space: 24,
      incrs: stepsOf(steps),
      values: (_chart, splits) => splits.map((value) => now().format(value)),
    },
  ];
}

function seriesOf({ label, dashed, filled }: ChartSeries, stroke: string): uPlot.Series {
  return {
    label,
    stroke,
    width: 1.75,
    points: {
      show: false,
      size: 4,
      fill: stroke,
      filter: (chart, at) => lonelyPoints(chart.data[at] ?? []),
    },
    spanGaps: false,
    ...(dashed === true ? { dash: [5, 4] } : {}),
    ...(filled === true ? { fill: `color-mix(in srgb, ${stroke} 14%, transparent)` } : {}),
  };
}
