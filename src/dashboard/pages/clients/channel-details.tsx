import { type ReactNode, useMemo } from 'react';
import { type ChannelAnswer, channelPath } from '../../data/channels.ts';
import type { ConsumerRow } from '../../data/consumers.ts';
import { useLive } from '../../data/live-data.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Grid, Page } from '../../parts/page.tsx';
import { Stat } from '../../parts/stat.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import { prefetchText } from './channel-columns.tsx';
import { ChannelFacts } from './channel-facts.tsx';
import { ChannelMarks } from './channel-marks.tsx';
import { ChannelRates } from './channel-rates.tsx';
import { consumerColumns, consumerKey } from './consumer-columns.tsx';
import { Gone } from './gone.tsx';

export function ChannelDetails({ name }: { readonly name: string }): ReactNode {
  const { shell, clients } = useTexts();
  const answer = useLive<ChannelAnswer>(channelPath(name));
  const open = answer.error === null ? answer.data : undefined;
  const connection = open?.connection_details.name;
  return (
    <Page
      title={name}
      marks={open && <ChannelMarks channel={open} />}
      lead={
        <>
          <a href={href(['channels'])}>{shell.channels}</a>
          {connection !== undefined && (
            <>
              {' · '}
              {clients.connection} <a href={href(['connections', connection])}>{connection}</a>
            </>
          )}
        </>
      }
    >
      {answer.error?.status === 404 ? (
        <Gone title={clients.channelGone} icon="channel" to="channels" label={clients.toChannels}>
          {clients.connectionGoneWhy(name)}
        </Gone>
      ) : (
        <Answer of={answer} lines={8}>
          {(channel) => (
            <>
              <ChannelFigures channel={channel} />
              <Grid min="wide">
                <ChannelRates name={name} />
                <ChannelFacts channel={channel} />
              </Grid>
              <ChannelConsumers consumers={channel.consumer_details} />
            </>
          )}
        </Answer>
      )}
    </Page>
  );
}

function ChannelFigures({ channel }: { readonly channel: ChannelAnswer }): ReactNode {
  const { clients } = useTexts();
  const formats = useFormats();
  const { message_stats: stats } = channel;
  return (
    <Grid min="figure">
      <Stat
        label={clients.unacked}
        value={formats.shortCount(channel.messages_unacknowledged)}
        note={`${clients.prefetch}: ${prefetchText(channel.prefetch_count, clients, formats)}`}
      />
      <Stat
        label={clients.publish}
        value={formats.rate(stats?.publish_details.rate ?? 0)}
        note={clients.inAll(formats.count(stats?.publish ?? 0))}
      />
      <Stat
        label={clients.deliver}
        value={formats.rate(stats?.deliver_get_details.rate ?? 0)}
        note={clients.inAll(formats.count(stats?.deliver_get ?? 0))}
      />
      <Stat
        label={clients.ack}
        value={formats.rate(stats?.ack_details.rate ?? 0)}
        note={clients.inAll(formats.count(stats?.ack ?? 0))}
      />
    </Grid>
  );
}

function ChannelConsumers({ consumers }: { readonly consumers: readonly ConsumerRow[] }): ReactNode {
  const { shell, clients } = useTexts();
  const formats = useFormats();
  const columns = useMemo(
    () => consumerColumns(clients, formats, { withVhost: false, withChannel: false }),
    [clients, formats],
  );
  return (
    <Card title={shell.consumers} flush>
      <DataTable
        label={shell.consumers}
        columns={columns}
        rows={consumers}
        rowKey={consumerKey}
        empty={
          <Empty title={clients.noConsumers} icon="consumer">
            {clients.noConsumersWhy}
          </Empty>
        }
      />
    </Card>
  );
}
