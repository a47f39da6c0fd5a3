import type { ReactNode } from 'react';
import { FLOW_WINDOWS, windowOf } from '../../data/flow.ts';
import type { OverviewCurves } from '../../data/overview.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { Grid } from '../../parts/page.tsx';
import { Answer, Loading } from '../../parts/states.tsx';
import { TimeChart } from '../../parts/time-chart.tsx';
import { WindowChoice } from '../../parts/window-choice.tsx';
import { replaceQuery, useRoute } from '../../route.ts';
import styles from './overview.module.css';
import { useOverviewCurves } from './use-overview-curves.ts';

const GROUP = 'overview';

/** What came, what went, and what was there, over a time to be chosen. */
export function OverviewCurvesCard({ vhost }: { readonly vhost: string | undefined }): ReactNode {
  const { overview, flow } = useTexts();
  const { query } = useRoute();
  const shown = windowOf(query.get('window'));
  const { answer, curves } = useOverviewCurves(vhost, shown);
  return (
    <Card
      title={overview.flow}
      actions={
        <WindowChoice
          label={flow.window}
          choices={FLOW_WINDOWS.map((value) => ({ value, label: flow.windows[value] }))}
          value={shown}
          onChange={(window) => replaceQuery({ window })}
        />
      }
    >
      <Answer of={answer} lines={8}>
        {() => (curves === undefined ? <Loading lines={8} /> : <Curves curves={curves} />)}
      </Answer>
    </Card>
  );
}

function Curves({ curves }: { readonly curves: OverviewCurves }): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const { at, counted, rateIn, rateOut, ready, unacked } = curves;
  return (
    <Grid min="card">
      <div className={styles['chart']}>
        <h3>{overview.rates}</h3>
        <TimeChart
          at={at}
          group={GROUP}
          series={[
            { label: overview.curveIn[counted], color: 'in', values: rateIn, filled: true },
            { label: overview.curveOut[counted], color: 'out', values: rateOut },
          ]}
          format={(value) => formats.rate(value)}
        />
      </div>
      <div className={styles['chart']}>
        <h3>{overview.levels}</h3>
        <TimeChart
          at={at}
          group={GROUP}
          series={[
            { label: overview.curveReady, color: 'depth', values: ready, filled: true },
            { label: overview.curveUnacked, color: 'other', values: unacked },
          ]}
          format={(value) => formats.shortCount(value)}
          steps="whole"
        />
      </div>
    </Grid>
  );
}
