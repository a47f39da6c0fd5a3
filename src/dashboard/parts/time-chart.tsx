import { type ReactNode, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useFormats, useTexts } from '../language/language.tsx';
import { type ChartSeries, type ChartTexts, chartOptions } from './chart-options.ts';
import { type ChartSteps, newestOf } from './chart-steps.ts';
import { classNames } from './class-names.ts';
import styles from './time-chart.module.css';
import { useTheme } from './use-theme.ts';

interface TimeChartProps {
  /** Milliseconds since 1970, oldest first. To be kept stable, as values are. */
  readonly at: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number | null) => string;
  /** What the marks of the axis of values are apart by. */
  readonly steps?: ChartSteps;
  /** Charts of one group share their cursor. */
  readonly group?: string;
  readonly height?: number;
  /** The axis goes up to this at least: charts beside each other that are to be compared. */
  readonly highest?: number;
  /** For a chart above another one with the same times. */
  readonly hideTimes?: boolean;
}

const HEIGHT = 180;

/** Curves over time, with a legend that says the newest values; those under the cursor stand beside it. */
export function TimeChart({
  at,
  series,
  format,
  steps = 'number',
  group,
  height = HEIGHT,
  highest = 0,
  hideTimes = false,
}: TimeChartProps): ReactNode {
  const { parts } = useTexts();
  const formats = useFormats();
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const texts = useRef<ChartTexts>({ format, formats, highest });
  texts.current = { format, formats, highest };
  const data = useChartData(at, series);
  const shape = JSON.stringify([
    group,
    steps,
    height,
    hideTimes,
    theme,
    series.map(({ label, color, dashed, filled }) => [label, color, dashed, filled]),
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew only when its shape changes; values come by setData
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const options = chartOptions(element, { series, steps, height, group, hideTimes }, () => texts.current);
    const made = new uPlot(options, data, element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth !== made.width) made.setSize({ width: element.clientWidth, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [shape]);

  useEffect(() => chart.current?.setData(data), [data]);

  const isEmpty = series.every(({ values }) => values.every((value) => value === null));
  return (
    <figure
      className={styles['figure']}
      aria-label={parts.chart(series.map(({ label }) => label).join(', '))}
    >
      <Legend series={series} format={format} />
      <div
        ref={frame}
        className={classNames(styles['chart'], at.length === 0 && styles['untimed'])}
        style={{ minHeight: height }}
      />
      {isEmpty && <p className={styles['empty']}>{parts.noData}</p>}
    </figure>
  );
}

function Legend({ series, format }: Pick<TimeChartProps, 'series' | 'format'>): ReactNode {
  return (
    <figcaption className={styles['legend']}>
      {series.map(({ label, color, values, dashed }) => (
        <span key={label} className={styles['item']}>
          <span className={classNames(styles['line'], styles[color], dashed === true && styles['dashed'])} />
          {label}
          <strong>{format(newestOf(values))}</strong>
        </span>
      ))}
    </figcaption>
  );
}

/** The same object for as long as all arrays are the same, so that a chart draws only what has changed. */
function useChartData(at: readonly number[], series: readonly ChartSeries[]): uPlot.AlignedData {
  const columns = [at, ...series.map(({ values }) => values)];
  const before = useRef<{ readonly columns: typeof columns; readonly data: uPlot.AlignedData }>(undefined);
  const isSame =
    before.current?.columns.length === columns.length &&
    columns.every((column, index) => column === before.current?.columns[index]);
  if (before.current === undefined || !isSame) {
    const seconds = at.map((ms) => ms / 1000);
    before.current = { columns, data: [seconds, ...series.map(({ values }) => [...values])] };
  }
  return before.current.data;
}
