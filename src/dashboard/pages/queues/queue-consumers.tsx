import { type ReactNode, useMemo } from 'react';
import { type ConsumerRow, channelOf } from '../../data/consumers.ts';
import { segment } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { type QueueConsumers as Answered, type QueueName, queueConsumersPath } from '../../data/queues.ts';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Card } from '../../parts/card.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import styles from './marks.module.css';

/** By the name of the channel; those of others only for who may monitor. */
type Unacked = ReadonlyMap<string, number>;

interface ChannelUnacked {
  readonly name: string;
  readonly messages_unacknowledged: number;
}

export function QueueConsumers({ vhost, name }: QueueName): ReactNode {
  const { queues } = useTexts();
  const texts = queues.consumerList;
  const formats = useFormats();
  const answer = useLive<Answered>(queueConsumersPath({ vhost, name }));
  const unacked = useUnacked(vhost);
  const columns = useMemo(() => columnsOf(texts, formats, unacked), [texts, formats, unacked]);
  return (
    <Card title={texts.title} lead={texts.unackedHint} flush>
      <Answer of={answer}>
        {({ consumer_details: consumers }) => (
          <DataTable
            label={texts.title}
            columns={columns}
            rows={consumers}
            rowKey={keyOf}
            empty={
              <Empty title={texts.none} icon="consumer">
                {texts.noneWhy}
              </Empty>
            }
          />
        )}
      </Answer>
    </Card>
  );
}

function useUnacked(vhost: string): Unacked {
  const { data } = useLive<readonly ChannelUnacked[]>(
    `/api/vhosts/${segment(vhost)}/channels?columns=name,messages_unacknowledged`,
  );
  return useMemo(
    () => new Map((data ?? []).map((each) => [each.name, each.messages_unacknowledged])),
    [data],
  );
}

function keyOf(consumer: ConsumerRow): string {
  return JSON.stringify([channelOf(consumer)?.name, consumer.consumer_tag]);
}

function columnsOf(
  texts: Texts['queues']['consumerList'],
  formats: Formats,
  unacked: Unacked,
): readonly Column<ConsumerRow>[] {
  const unackedOf = (row: ConsumerRow): number | undefined => unacked.get(channelOf(row)?.name ?? '');
  return [
    {
      id: 'channel',
      header: texts.channel,
      value: (row) => channelOf(row)?.name,
      cell: (row) => <ChannelCell consumer={row} />,
    },
    {
      id: 'consumer_tag',
      header: texts.tag,
      minor: true,
      value: (row) => row.consumer_tag,
      cell: (row) => <TagCell consumer={row} />,
    },
    {
      id: 'user',
      header: texts.user,
      minor: true,
      value: (row) => channelOf(row)?.user,
      cell: (row) => channelOf(row)?.user,
    },
    {
      id: 'prefetch_count',
      header: texts.prefetch,
      align: 'end',
      value: (row) => row.prefetch_count,
      cell: (row) => (row.prefetch_count === 0 ? texts.unlimited : formats.count(row.prefetch_count)),
    },
    {
      id: 'unacked',
      header: texts.unacked,
      align: 'end',
      value: unackedOf,
      cell: (row) => formats.count(unackedOf(row)),
    },
    {
      id: 'ack_required',
      header: texts.acks,
      minor: true,
      cell: (row) => (row.ack_required ? texts.manual : texts.automatic),
    },
    {
      id: 'activity_status',
      header: texts.activity,
      minor: true,
      value: (row) => row.activity_status,
      cell: ({ activity_status: status }) => (
        <Badge tone={status === 'waiting' ? 'plain' : 'good'}>{texts.activities[status]}</Badge>
      ),
    },
  ];
}

function TagCell({ consumer }: { readonly consumer: ConsumerRow }): ReactNode {
  const { queues } = useTexts();
  return (
    <span className={styles['name']}>
      <code>{consumer.consumer_tag}</code>
      {consumer.exclusive && <Badge>{queues.consumerList.exclusive}</Badge>}
    </span>
  );
}

function ChannelCell({ consumer }: { readonly consumer: ConsumerRow }): ReactNode {
  const { queues } = useTexts();
  const channel = channelOf(consumer);
  if (channel === undefined) return queues.consumerList.http;
  return (
    <span className={styles['name']}>
      <a href={href(['connections', channel.connection_name])}>{channel.connection_name}</a>
      <a href={href(['channels', channel.name])}>({channel.number})</a>
    </span>
  );
}
