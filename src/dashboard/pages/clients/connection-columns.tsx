import type { ReactNode } from 'react';
import { type ClientProperties, type ConnectionRow, clientEnd } from '../../data/connections.ts';
import type { Formats } from '../../format/formats.ts';
import type { Texts } from '../../language/language.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { href } from '../../route.ts';
import styles from './clients.module.css';
import { ConnectionMarks } from './connection-marks.tsx';

type ClientTexts = Texts['clients'];

export function connectionColumns(
  texts: ClientTexts,
  formats: Formats,
  withVhost: boolean,
): readonly Column<ConnectionRow>[] {
  const rate = (perSecond: number): string => texts.perSecond(formats.bytes(Math.round(perSecond)));
  const vhost: Column<ConnectionRow> = {
    id: 'vhost',
    header: texts.vhost,
    value: (row) => row.vhost,
    cell: (row) => row.vhost,
    minor: true,
  };
  return [
    { id: 'name', header: texts.name, value: ({ name }) => name, cell: (row) => <ConnectionName {...row} /> },
    ...(withVhost ? [vhost] : []),
    { id: 'user', header: texts.user, value: ({ user }) => user, cell: ({ user }) => user, minor: true },
    {
      id: 'state',
      header: texts.state,
      value: ({ state }) => state,
      cell: (row) => <ConnectionMarks connection={row} />,
    },
    {
      id: 'client_properties.product',
      header: texts.client,
      value: (row) => clientName(row.client_properties),
      cell: (row) => clientName(row.client_properties),
      minor: true,
    },
    {
      id: 'channels',
      header: texts.channels,
      value: ({ channels }) => channels,
      cell: ({ channels }) => formats.count(channels),
      align: 'end',
      minor: true,
    },
    {
      id: 'recv_oct_details.rate',
      header: texts.received,
      value: (row) => row.recv_oct_details.rate,
      cell: (row) => rate(row.recv_oct_details.rate),
      align: 'end',
    },
    {
      id: 'send_oct_details.rate',
      header: texts.sent,
      value: (row) => row.send_oct_details.rate,
      cell: (row) => rate(row.send_oct_details.rate),
      align: 'end',
      minor: true,
    },
    {
      id: 'connected_at',
      header: texts.connectedSince,
      value: (row) => row.connected_at,
      cell: (row) => (
        <span title={formats.time(row.connected_at)}>{formats.ago(row.connected_at, Date.now())}</span>
      ),
      align: 'end',
      minor: true,
    },
  ];
}

/** By the name that the client gave itself, if it did. */
function ConnectionName({ name, user_provided_name: provided }: ConnectionRow): ReactNode {
  const link = href(['connections', name]);
  if (provided === undefined || provided === '')
    return (
      <a className={styles['address']} href={link} title={name}>
        {clientEnd(name)}
      </a>
    );
  return (
    <span className={styles['name']}>
      <a href={link} title={name}>
        {provided}
      </a>
      <span className={styles['second']}>{clientEnd(name)}</span>
    </span>
  );
}

/** What a client says of itself may be of any type. */
export function clientName({ product, version }: ClientProperties): string {
  return [product, version].filter((each) => typeof each === 'string').join(' ');
}
