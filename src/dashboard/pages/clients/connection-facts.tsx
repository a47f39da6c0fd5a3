import type { ReactNode } from 'react';
import type { ConnectionAnswer } from '../../data/connections.ts';
import { useSession } from '../../data/session.tsx';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { type KeyValue, KeyValues } from '../../parts/key-values.tsx';
import { Grid } from '../../parts/page.tsx';
import { href } from '../../route.ts';

export function ConnectionFacts({ connection }: { readonly connection: ConnectionAnswer }): ReactNode {
  const { clients } = useTexts();
  const formats = useFormats();
  const { isAdministrator } = useSession();
  return (
    <Grid min="card">
      <Card title={clients.facts}>
        <KeyValues rows={whoRows(connection, clients, isAdministrator)} />
      </Card>
      <Card title={clients.terms}>
        <KeyValues rows={termRows(connection, clients, formats)} />
      </Card>
    </Grid>
  );
}

/** Who is connected, from where, and how safely. */
function whoRows(
  connection: ConnectionAnswer,
  texts: Texts['clients'],
  isAdministrator: boolean,
): readonly KeyValue[] {
  const { user, vhost } = connection;
  return [
    { key: texts.user, value: isAdministrator ? <a href={href(['users', user])}>{user}</a> : user },
    { key: texts.vhost, value: isAdministrator ? <a href={href(['vhosts', vhost])}>{vhost}</a> : vhost },
    { key: texts.authentication, value: connection.auth_mechanism },
    ...addressRows(connection, texts),
    ...tlsRows(connection, texts),
  ];
}

function addressRows(connection: ConnectionAnswer, texts: Texts['clients']): readonly KeyValue[] {
  if (connection.type === 'direct') return [{ key: texts.clientAddress, value: texts.inProcess }];
  return [
    { key: texts.clientAddress, value: addressText(connection.peer_host, connection.peer_port) },
    { key: texts.brokerAddress, value: addressText(connection.host, connection.port) },
  ];
}

/** An address of IP 6 has colons of its own. */
function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function tlsRows(connection: ConnectionAnswer, texts: Texts['clients']): readonly KeyValue[] {
  if (!connection.ssl) return [{ key: texts.tls, value: texts.plain }];
  const rows = [
    { key: texts.tls, value: connection.ssl_protocol },
    { key: texts.cipher, value: connection.ssl_cipher },
    { key: texts.certificate, value: connection.peer_cert_subject },
    { key: texts.certificateIssuer, value: connection.peer_cert_issuer },
    { key: texts.certificateValidity, value: connection.peer_cert_validity },
  ];
  return rows.filter(({ value }) => value !== null);
}

/** What the client and the broker have agreed on, and what has passed since. */
function termRows(
  connection: ConnectionAnswer,
  texts: Texts['clients'],
  formats: Formats,
): readonly KeyValue[] {
  const { timeout } = connection;
  return [
    { key: texts.protocol, value: connection.protocol },
    { key: texts.heartbeat, value: timeout === 0 ? texts.noHeartbeat : formats.duration(timeout * 1000) },
    { key: texts.frameMax, value: formats.bytes(connection.frame_max) },
    { key: texts.channelMax, value: formats.count(connection.channel_max) },
    {
      key: texts.receivedInAll,
      value: texts.bytesInFrames(formats.bytes(connection.recv_oct), formats.count(connection.recv_cnt)),
    },
    {
      key: texts.sentInAll,
      value: texts.bytesInFrames(formats.bytes(connection.send_oct), formats.count(connection.send_cnt)),
    },
  ];
}
