import type { ReactNode } from 'react';
import type { ChannelAnswer } from '../../data/channels.ts';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { type KeyValue, KeyValues } from '../../parts/key-values.tsx';
import { prefetchText } from './channel-columns.tsx';

export function ChannelFacts({ channel }: { readonly channel: ChannelAnswer }): ReactNode {
  const { clients } = useTexts();
  const formats = useFormats();
  return (
    <Card title={clients.channelFacts}>
      <KeyValues
        rows={[
          { key: clients.user, value: channel.user },
          { key: clients.vhost, value: channel.vhost },
          {
            key: clients.channelPrefetch,
            value: prefetchText(channel.global_prefetch_count, clients, formats),
          },
          ...publishRows(channel, clients, formats),
          ...totalRows(channel, clients, formats),
        ]}
      />
    </Card>
  );
}

/** What confirms or a transaction have still open. */
function publishRows(channel: ChannelAnswer, texts: Texts['clients'], formats: Formats): readonly KeyValue[] {
  if (channel.confirm)
    return [{ key: texts.unconfirmed, value: formats.count(channel.messages_unconfirmed) }];
  if (!channel.transactional) return [];
  const { messages_uncommitted: messages, acks_uncommitted: acks } = channel;
  return [
    {
      key: texts.uncommitted,
      value: texts.uncommittedBoth(formats.count(messages), formats.count(acks)),
    },
  ];
}

function totalRows(
  { message_stats: stats, confirm }: ChannelAnswer,
  texts: Texts['clients'],
  formats: Formats,
): readonly KeyValue[] {
  const row = (key: string, count: number | undefined): KeyValue => ({
    key,
    value: formats.count(count ?? 0),
  });
  return [
    ...(confirm ? [row(texts.confirmed, stats?.confirm)] : []),
    row(texts.redelivered, stats?.redeliver),
    row(texts.returned, stats?.return_unroutable),
    row(texts.dropped, stats?.drop_unroutable),
  ];
}
