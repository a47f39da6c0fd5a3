import type { ReactNode } from 'react';
import type { ExchangeRow } from '../../data/exchanges.ts';
import { rateCurve } from '../../data/rate-curve.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { Grid } from '../../parts/page.tsx';
import { Stat } from '../../parts/stat.tsx';
import { TimeChart } from '../../parts/time-chart.tsx';

const CHART_PX = 140;

/** What came to the exchange, and what it gave on. */
export function ExchangeFlow({ exchange }: { readonly exchange: ExchangeRow }): ReactNode {
  const { exchanges } = useTexts();
  const formats = useFormats();
  const { message_stats: stats } = exchange;
  const published = rateCurve(stats?.publish_in_details);
  const routed = rateCurve(stats?.publish_out_details);
  return (
    <>
      <Grid min="figure">
        <Stat
          label={exchanges.published}
          value={formats.rate(stats?.publish_in_details?.rate ?? 0)}
          note={exchanges.inTotal(formats.count(stats?.publish_in ?? 0))}
        />
        <Stat
          label={exchanges.routed}
          value={formats.rate(stats?.publish_out_details?.rate ?? 0)}
          note={exchanges.inTotal(formats.count(stats?.publish_out ?? 0))}
        />
      </Grid>
      <Card title={exchanges.flow} lead={exchanges.flowLead}>
        <TimeChart
          at={published.at}
          height={CHART_PX}
          format={(value) => formats.rate(value)}
          series={[
            { label: exchanges.published, color: 'in', values: published.rates, filled: true },
            { label: exchanges.routed, color: 'out', values: routed.rates },
          ]}
        />
      </Card>
    </>
  );
}
