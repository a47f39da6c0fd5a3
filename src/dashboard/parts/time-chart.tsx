import { type ReactNode, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useFormats, useTexts } from '../language/language.tsx';
import styles from './time-chart.module.css';
import { useTheme } from './use-theme.ts';

export type SeriesColor = 'in' | 'out' | 'depth' | 'delay' | 'other' | 'faint';

export interface ChartSeries {
  readonly label: string;
  readonly color: SeriesColor;
  /** One for each time; null where it is not known. */
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
  /** The area below is tinted. */
  readonly filled?: boolean;
}

interface TimeChartProps {
  /** Milliseconds since 1970, oldest first. */
  readonly at: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number | null) => string;
  /** Charts of one group share their cursor. */
  readonly group?: string;
  readonly height?: number;
}

const HEIGHT = 180;
const AXIS_WIDTH = 64;

/** Curves over time, with a legend that says the values under the cursor, or the newest. */
export function TimeChart({ at, series, format, group, height = HEIGHT }: TimeChartProps): ReactNode {
  const { parts } = useTexts();
  const formats = useFormats();
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const data = useRef<uPlot.AlignedData>([[]]);
  const shape = JSON.stringify([
    group,
    height,
    theme,
    series.map(({ label, color, dashed, filled }) => [label, color, dashed, filled]),
  ]);
  const latest = useRef({ series, format, formats });
  latest.current = { series, format, formats };
  data.current = [at.map((ms) => ms / 1000), ...series.map(({ values }) => values as (number | null)[])];

  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew only when its shape changes; values come by setData
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(element, latest.current, group, height), data.current, element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    chart.current?.setData(data.current);
  });

  const isEmpty = series.every(({ values }) => values.every((value) => value === null));
  return (
    <figure
      className={styles['figure']}
      aria-label={parts.chart(series.map(({ label }) => label).join(', '))}
    >
      <div ref={frame} className={styles['chart']} style={{ minHeight: height }} />
      {isEmpty && <p className={styles['empty']}>{parts.noData}</p>}
      <figcaption className={styles['legend']}>
        {series.map(({ label, color, values, dashed }) => (
          <span key={label} className={styles['item']}>
            <span
              className={`${styles['line']} ${styles[color]} ${dashed === true ? styles['dashed'] : ''}`}
            />
            {label}
            <strong>{format(values.at(-1) ?? null)}</strong>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

interface Latest {
  readonly series: readonly ChartSeries[];
  readonly format: (value: number | null) => string;
  readonly formats: { clock(at: number): string };
}

function optionsOf(
  element: HTMLElement,
  { series, format, formats }: Latest,
  group: string | undefined,
  height: number,
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--text-muted'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 6 }, y: false, ...(group === undefined ? {} : { sync: { key: group } }) },
    scales: { y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      {
        ...axis,
        values: (_chart, splits) => splits.map((second) => formats.clock(second * 1000)),
        space: 90,
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        values: (_chart, splits) => splits.map((value) => format(value)),
        space: 36,
      },
    ],
    series: [
      {},
      ...series.map((each) => {
        const stroke = color(`--series-${each.color}`);
        return {
          label: each.label,
          stroke,
          width: 1.75,
          points: { show: false },
          spanGaps: false,
          ...(each.dashed === true ? { dash: [5, 4] } : {}),
          ...(each.filled === true ? { fill: `color-mix(in srgb, ${stroke} 14%, transparent)` } : {}),
        };
      }),
    ],
    plugins: [tooltip(format, formats)],
  };
}

/** The time and the values under the cursor, on the chart that the pointer is on and on all of its group. */
function tooltip(format: Latest['format'], formats: Latest['formats']): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = styles['tooltip'] ?? '';
  box.hidden = true;
  return {
    hooks: {
      init: (chart) => void chart.over.append(box),
      setCursor: (chart) => {
        const { idx, left = -1 } = chart.cursor;
        const second = idx === null || idx === undefined ? undefined : chart.data[0][idx];
        box.hidden = left < 0 || second === undefined;
        if (box.hidden || idx === null || idx === undefined || second === undefined) return;
        const lines = [formats.clock(second * 1000)];
        for (const [at, each] of chart.series.entries())
          if (at > 0) lines.push(`${String(each.label)}: ${format(chart.data[at]?.[idx] ?? null)}`);
        box.textContent = lines.join('\n');
        const isRight = left > chart.over.clientWidth / 2;
        box.style.left = isRight ? '' : `${left + 12}px`;
        box.style.right = isRight ? `${chart.over.clientWidth - left + 12}px` : '';
      },
    },
  };
}
