import type { ReactNode } from 'react';
import { clientEnd } from '../../data/connections.ts';
import { type ConsumerRow, channelOf } from '../../data/consumers.ts';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { href } from '../../route.ts';
import { prefetchText } from './channel-columns.tsx';
import styles from './clients.module.css';
import { ConsumerMarks } from './consumer-marks.tsx';

interface ConsumerColumnChoice {
  readonly withVhost: boolean;
  readonly withChannel: boolean;
}

export function consumerColumns(
  texts: Texts['clients'],
  formats: Formats,
  { withVhost, withChannel }: ConsumerColumnChoice,
): readonly Column<ConsumerRow>[] {
  return [
    {
      id: 'queue.name',
      header: texts.queue,
      value: ({ queue }) => queue.name,
      cell: ({ queue }) => (
        <a className={styles['name']} href={href(['queues', queue.vhost, queue.name])}>
          {queue.name}
        </a>
      ),
    },
    ...(withVhost ? [vhostColumn(texts)] : []),
    {
      id: 'consumer_tag',
      header: texts.tag,
      value: (row) => row.consumer_tag,
      cell: (row) => <span className={styles['tag']}>{row.consumer_tag}</span>,
    },
    ...(withChannel ? [channelColumn(texts), userColumn(texts)] : []),
    {
      id: 'ack_required',
      header: texts.ackMode,
      value: (row) => Number(row.ack_required),
      cell: (row) => <AckMode isManual={row.ack_required} />,
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
      id: 'activity_status',
      header: texts.activity,
      value: (row) => row.activity_status,
      cell: (row) => <ConsumerMarks consumer={row} />,
    },
  ];
}

/** A tag is unique on its channel. */
export function consumerKey(row: ConsumerRow): string {
  const { queue, consumer_tag: tag } = row;
  return JSON.stringify([channelOf(row)?.name, queue.vhost, queue.name, tag]);
}

function vhostColumn(texts: Texts['clients']): Column<ConsumerRow> {
  return {
    id: 'queue.vhost',
    header: texts.vhost,
    value: ({ queue }) => queue.vhost,
    cell: ({ queue }) => queue.vhost,
    minor: true,
  };
}

function channelColumn(texts: Texts['clients']): Column<ConsumerRow> {
  return {
    id: 'channel_details.name',
    header: texts.channel,
    value: (row) => channelOf(row)?.name,
    cell: (row) => <ChannelLink consumer={row} />,
    minor: true,
  };
}

function ChannelLink({ consumer }: { readonly consumer: ConsumerRow }): ReactNode {
  const { clients } = useTexts();
  const channel = channelOf(consumer);
  if (channel === undefined) return <Badge>{clients.overHttp}</Badge>;
  return (
    <a className={styles['address']} href={href(['channels', channel.name])} title={channel.name}>
      {clientEnd(channel.name)}
    </a>
  );
}

function userColumn(texts: Texts['clients']): Column<ConsumerRow> {
  const userOf = (row: ConsumerRow): string => channelOf(row)?.user ?? '';
  return { id: 'channel_details.user', header: texts.user, value: userOf, cell: userOf, minor: true };
}

function AckMode({ isManual }: { readonly isManual: boolean }): ReactNode {
  const { clients } = useTexts();
  if (isManual) return clients.manualAck;
  return (
    <Badge tone="warn" title={clients.automaticAckWhy}>
      {clients.automaticAck}
    </Badge>
  );
}
