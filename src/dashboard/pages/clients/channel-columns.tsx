import type { ChannelRow } from '../../data/channels.ts';
import { clientEnd } from '../../data/connections.ts';
import type { RateDetails } from '../../data/rate-curve.ts';
import type { Formats } from '../../format/formats.ts';
import type { Texts } from '../../language/language.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { href } from '../../route.ts';
import { ChannelMarks } from './channel-marks.tsx';
import styles from './clients.module.css';

interface ChannelColumnChoice {
  readonly withVhost: boolean;
  readonly withUser: boolean;
}

export function channelColumns(
  texts: Texts['clients'],
  formats: Formats,
  { withVhost, withUser }: ChannelColumnChoice,
): readonly Column<ChannelRow>[] {
  const vhost: Column<ChannelRow> = {
    id: 'vhost',
    header: texts.vhost,
    value: (row) => row.vhost,
    cell: (row) => row.vhost,
    minor: true,
  };
  const user: Column<ChannelRow> = {
    id: 'user',
    header: texts.user,
    value: (row) => row.user,
    cell: (row) => row.user,
    minor: true,
  };
  return [
    {
      id: 'name',
      header: texts.name,
      value: ({ name }) => name,
      cell: ({ name }) => (
        <a className={styles['address']} href={href(['channels', name])} title={name}>
          {clientEnd(name)}
        </a>
      ),
    },
    ...(withVhost ? [vhost] : []),
    ...(withUser ? [user] : []),
    { id: 'confirm', header: texts.mode, cell: (row) => <ChannelMarks channel={row} />, minor: true },
    {
      id: 'consumer_count',
      header: texts.consumers,
      value: (row) => row.consumer_count,
      cell: (row) => formats.count(row.consumer_count),
      align: 'end',
      minor: true,
    },
    {
      id: 'prefetch_count',
      header: texts.prefetch,
      value: (row) => row.prefetch_count,
      cell: (row) => prefetchText(row.prefetch_count, texts, formats),
      align: 'end',
      minor: true,
    },
    {
      id: 'messages_unacknowledged',
      header: texts.unacked,
      value: (row) => row.messages_unacknowledged,
      cell: (row) => formats.shortCount(row.messages_unacknowledged),
      align: 'end',
    },
    { ...rateColumn('publish_details', texts.publish, formats), minor: true },
    rateColumn('deliver_get_details', texts.deliver, formats),
    { ...rateColumn('ack_details', texts.ack, formats), minor: true },
  ];
}

function rateColumn(
  field: 'publish_details' | 'deliver_get_details' | 'ack_details',
  header: string,
  formats: Formats,
): Column<ChannelRow> {
  const rateOf = ({ message_stats: stats }: ChannelRow): number => rate(stats?.[field]);
  return {
    id: `message_stats.${field}.rate`,
    header,
    value: rateOf,
    cell: (row) => (
      <span className={rateOf(row) === 0 ? styles['zero'] : undefined}>{formats.rate(rateOf(row))}</span>
    ),
    align: 'end',
  };
}

/** Nothing was counted yet. */
function rate(details: RateDetails | undefined): number {
  return details?.rate ?? 0;
}

export function prefetchText(prefetch: number, texts: Texts['clients'], formats: Formats): string {
  return prefetch === 0 ? texts.unlimited : formats.count(prefetch);
}
