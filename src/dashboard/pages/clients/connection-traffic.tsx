import type { ReactNode } from 'react';
import { type ConnectionTraffic as Answered, connectionPath } from '../../data/connections.ts';
import { queryText } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { LAST_MINUTE, rateCurve } from '../../data/rate-curve.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { Answer } from '../../parts/states.tsx';
import { TimeChart } from '../../parts/time-chart.tsx';

/** Asked for by itself: samples change every few seconds, the rest all the time. */
export function ConnectionTraffic({ name }: { readonly name: string }): ReactNode {
  const { clients } = useTexts();
  const formats = useFormats();
  const answer = useLive<Answered>(
    `${connectionPath(name)}${queryText({
      columns: 'recv_oct_details,send_oct_details',
      data_rates_age: LAST_MINUTE.age,
      data_rates_incr: LAST_MINUTE.incr,
    })}`,
  );
  // the card says that it is per second: there is little room beside the axis
  const format = (value: number | null): string => formats.bytes(value === null ? null : Math.round(value));
  return (
    <Card title={clients.traffic} lead={clients.lastMinutePerSecond}>
      <Answer of={answer} lines={6}>
        {({ recv_oct_details: received, send_oct_details: sent }) => (
          <TimeChart
            height={220}
            at={rateCurve(received).at}
            format={format}
            series={[
              { label: clients.received, color: 'in', values: rateCurve(received).rates, filled: true },
              { label: clients.sent, color: 'out', values: rateCurve(sent).rates },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}
