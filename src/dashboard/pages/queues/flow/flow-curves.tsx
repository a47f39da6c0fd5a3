import { type ReactNode, useMemo } from 'react';
import {
  FLOW_WINDOWS,
  type FlowSeries,
  type QueueName,
  queueSeriesPath,
  windowOf,
} from '../../../data/flow.ts';
import { useLive } from '../../../data/live-data.tsx';
import { useFormats, useTexts } from '../../../language/language.tsx';
import { Card } from '../../../parts/card.tsx';
import { KeyValues } from '../../../parts/key-values.tsx';
import { Answer } from '../../../parts/states.tsx';
import { TimeChart } from '../../../parts/time-chart.tsx';
import { WindowChoice } from '../../../parts/window-choice.tsx';
import { replaceQuery, useRoute } from '../../../route.ts';
import styles from './flow-tab.module.css';

const GROUP = 'queue-flow';
const HEIGHT = 104;
const HEIGHT_WITH_TIMES = 156;

/** P(t), C(t), Q(t) and D(t), one above the other, with one cursor. */
export function FlowCurves({ queue }: { readonly queue: QueueName }): ReactNode {
  const { flow } = useTexts();
  const { query } = useRoute();
  const shown = windowOf(query.get('window'));
  const series = useLive<FlowSeries>(queueSeriesPath(queue, shown));
  return (
    <Card
      title={flow.curves}
      actions={
        <WindowChoice
          label={flow.window}
          choices={FLOW_WINDOWS.map((value) => ({ value, label: flow.windows[value] }))}
          value={shown}
          onChange={(chosen) => replaceQuery({ window: chosen })}
        />
      }
    >
      <Answer of={series} lines={12}>
        {(answer) => <Curves series={answer} />}
      </Answer>
      <Formulas />
    </Card>
  );
}

function Curves({ series }: { readonly series: FlowSeries }): ReactNode {
  const { flow } = useTexts();
  const formats = useFormats();
  const { at, rate_in, rate_out, messages, ready, delay_ms, measured } = series;
  const rate = (value: number | null): string => formats.rate(value);
  const highestRate = useMemo(() => highestOf([rate_in, rate_out]), [rate_in, rate_out]);
  const shared = { at, group: GROUP, height: HEIGHT, hideTimes: true };
  return (
    <div className={styles['curves']}>
      <TimeChart
        {...shared}
        series={[{ label: flow.curveIn, color: 'in', values: rate_in, filled: true }]}
        format={rate}
        highest={highestRate}
      />
      <TimeChart
        {...shared}
        series={[{ label: flow.curveOut, color: 'out', values: rate_out, filled: true }]}
        format={rate}
        highest={highestRate}
      />
      <TimeChart
        {...shared}
        series={[
          { label: flow.curveDepth, color: 'depth', values: messages, filled: true },
          { label: flow.curveReady, color: 'faint', values: ready, dashed: true },
        ]}
        format={(value) => formats.shortCount(value)}
        steps="whole"
      />
      <TimeChart
        {...shared}
        height={HEIGHT_WITH_TIMES}
        hideTimes={false}
        series={[
          { label: flow.curveDelay, color: 'delay', values: delay_ms, dashed: true },
          { label: flow.curveP50, color: 'delay', values: measured.p50_ms },
          { label: flow.curveP95, color: 'other', values: measured.p95_ms },
          { label: flow.curveP99, color: 'faint', values: measured.p99_ms },
        ]}
        format={(value) => formats.duration(value)}
        steps="duration"
      />
    </div>
  );
}

function highestOf(columns: readonly (readonly (number | null)[])[]): number {
  return columns.reduce(
    (most, column) => column.reduce<number>((high, value) => Math.max(high, value ?? 0), most),
    0,
  );
}

function Formulas(): ReactNode {
  const { flow } = useTexts();
  return (
    <details className={styles['formulas']}>
      <summary>{flow.formulas}</summary>
      <KeyValues
        rows={[
          { key: flow.rateIn, value: flow.formulaIn },
          { key: flow.rateOut, value: flow.formulaOut },
          { key: flow.depth, value: flow.formulaDepth },
          { key: flow.delay, value: flow.formulaDelay },
          { key: flow.drain, value: flow.formulaDrain },
        ]}
      />
    </details>
  );
}
