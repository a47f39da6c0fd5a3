import { type ReactNode, useMemo } from 'react';
import { CHANNEL_COLUMNS, type ChannelRow } from '../../data/channels.ts';
import { type ConnectionAnswer, connectionPath } from '../../data/connections.ts';
import { queryText } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { useSession } from '../../data/session.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Grid, Page } from '../../parts/page.tsx';
import { Stat } from '../../parts/stat.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { WholeList } from '../../parts/whole-list.tsx';
import { href } from '../../route.ts';
import { channelColumns } from './channel-columns.tsx';
import { ClientProperties } from './client-properties.tsx';
import { CloseConnection } from './close-connection.tsx';
import { ConnectionFacts } from './connection-facts.tsx';
import { ConnectionMarks } from './connection-marks.tsx';
import { ConnectionTraffic } from './connection-traffic.tsx';
import { Gone } from './gone.tsx';

export function ConnectionDetails({ name }: { readonly name: string }): ReactNode {
  const { shell, clients } = useTexts();
  const session = useSession();
  const answer = useLive<ConnectionAnswer>(connectionPath(name));
  const open = answer.error === null ? answer.data : undefined;
  const mayClose = open !== undefined && (session.mayMonitor || open.user === session.username);
  return (
    <Page
      title={open?.user_provided_name || name}
      marks={open && <ConnectionMarks connection={open} />}
      lead={<ConnectionLead name={name} provided={open?.user_provided_name} />}
      actions={mayClose && <CloseConnection connection={open} />}
    >
      {answer.error?.status === 404 ? (
        <Gone title={clients.connectionGone} icon="connection" to="connections" label={clients.toConnections}>
          {clients.connectionGoneWhy(name)}
        </Gone>
      ) : (
        <Answer of={answer} lines={8}>
          {(connection) => (
            <>
              <ConnectionFigures connection={connection} />
              <Grid min="wide">
                <ConnectionTraffic name={name} />
                <ClientProperties properties={connection.client_properties} />
              </Grid>
              <ConnectionFacts connection={connection} />
              <ConnectionChannels name={name} label={shell.channels} />
            </>
          )}
        </Answer>
      )}
    </Page>
  );
}

function ConnectionLead({
  name,
  provided,
}: {
  readonly name: string;
  readonly provided: string | undefined;
}): ReactNode {
  const { shell } = useTexts();
  return (
    <>
      <a href={href(['connections'])}>{shell.connections}</a>
      {provided ? ` / ${name}` : ''}
    </>
  );
}

function ConnectionFigures({ connection }: { readonly connection: ConnectionAnswer }): ReactNode {
  const { clients } = useTexts();
  const formats = useFormats();
  const rate = (perSecond: number): string => clients.perSecond(formats.bytes(Math.round(perSecond)));
  return (
    <Grid min="figure">
      <Stat
        label={clients.received}
        value={rate(connection.recv_oct_details.rate)}
        note={clients.inAll(formats.bytes(connection.recv_oct))}
      />
      <Stat
        label={clients.sent}
        value={rate(connection.send_oct_details.rate)}
        note={clients.inAll(formats.bytes(connection.send_oct))}
      />
      <Stat label={clients.channels} value={formats.count(connection.channels)} />
      <Stat
        label={clients.connectedFor}
        value={formats.duration(Date.now() - connection.connected_at)}
        note={clients.since(formats.time(connection.connected_at))}
      />
    </Grid>
  );
}

function ConnectionChannels({ name, label }: { readonly name: string; readonly label: string }): ReactNode {
  const { clients } = useTexts();
  const formats = useFormats();
  const columns = useMemo(
    () => channelColumns(clients, formats, { withVhost: false, withUser: false }),
    [clients, formats],
  );
  const answer = useLive<readonly ChannelRow[]>(
    `${connectionPath(name)}/channels${queryText({ columns: CHANNEL_COLUMNS })}`,
  );
  return (
    <WholeList
      label={label}
      answer={answer}
      rowsOf={(rows) => rows}
      columns={columns}
      rowKey={(row) => row.name}
      textOf={(row) => row.name}
      empty={
        <Empty title={clients.noChannels} icon="channel">
          {clients.noChannelsWhy}
        </Empty>
      }
    />
  );
}
