import type { ReactNode } from 'react';
import { type ChannelAnswer, channelPath } from '../../data/channels.ts';
import { queryText } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { LAST_MINUTE, rateCurve } from '../../data/rate-curve.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { Answer } from '../../parts/states.tsx';
import { TimeChart } from '../../parts/time-chart.tsx';

const COLUMNS = [
  'message_stats.publish_details',
  'message_stats.deliver_get_details',
  'message_stats.ack_details',
].join(',');

/** Asked for by itself: samples change every few seconds, the rest all the time. */
export function ChannelRates({ name }: { readonly name: string }): ReactNode {
  const { clients } = useTexts();
  const formats = useFormats();
  const answer = useLive<Pick<ChannelAnswer, 'message_stats'>>(
    `${channelPath(name)}${queryText({
      columns: COLUMNS,
      msg_rates_age: LAST_MINUTE.age,
      msg_rates_incr: LAST_MINUTE.incr,
    })}`,
  );
  return (
    <Card title={clients.rates} lead={clients.lastMinute}>
      <Answer of={answer} lines={6}>
        {({ message_stats: stats }) => (
          <TimeChart
            height={220}
            at={rateCurve(stats?.publish_details).at}
            format={(value) => formats.rate(value)}
            series={[
              { label: clients.publish, color: 'in', values: rateCurve(stats?.publish_details).rates },
              { label: clients.deliver, color: 'out', values: rateCurve(stats?.deliver_get_details).rates },
              {
                label: clients.ack,
                color: 'other',
                values: rateCurve(stats?.ack_details).rates,
                dashed: true,
              },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}
