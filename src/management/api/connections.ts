/** `GET /api/connections...` and those of a vhost. */
import type { FastifyInstance } from 'fastify';
import type { Connection } from '../../core/connection/connection.ts';
import type { TlsFacts } from '../../core/environment.ts';
import type { Session } from '../../core/session/session.ts';
import { objectNotFound } from '../api-error.ts';
import { remotePortIn } from '../connection-name.ts';
import { jsonOfTable } from '../field-json.ts';
import type { Listing } from '../listing.ts';
import type { ManagementContext } from '../management-context.ts';
import { details } from '../message-stats.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest } from '../read-request.ts';
import { timeText } from '../time-text.ts';
import { type Fields, View } from '../view.ts';

/** A connection that was open when it was found. */
export interface ConnectionRow {
  readonly connection: Connection;
  readonly session: Session;
}

export function connectionRoutes(app: FastifyInstance, context: ReadContext): void {
  const view = new View({ ...trackedFields(context), ...connectionFields(context) });
  const tracked = new View(trackedFields(context));
  const common = {
    sortedBy: ['vhost', 'name'],
    nameOf: ({ connection }: ConnectionRow) => connection.name,
  };
  const listing: Listing<ConnectionRow> = { ...common, view };
  const trackedListing: Listing<ConnectionRow> = { ...common, view: tracked };
  listRoute(
    app,
    context,
    '/connections',
    ({ disableStats }) => (disableStats ? trackedListing : listing),
    (request) => visibleConnections(request, () => true),
  );
  listRoute(app, context, '/vhosts/:vhost/connections', { ...listing, nameOf: undefined }, (request) => {
    const vhost = request.readableVhost();
    return visibleConnections(request, ({ session }) => session.vhost === vhost);
  });
  listRoute(app, context, '/connections/username/:username', trackedListing, (request) => {
    const username = request.parameter('username');
    if (!request.mayLookAt(username)) throw request.refusal(`may not look at connections of '${username}'`);
    return visibleConnections(request, ({ session }) => session.username === username);
  });
  objectRoute(app, context, '/connections/:connection', view, findConnection);
}

/** Those that are open. */
export function* openConnections(context: ManagementContext): Generator<ConnectionRow> {
  for (const connection of context.broker.connections) {
    const { session } = connection;
    if (session !== undefined) yield { connection, session };
  }
}

function* visibleConnections(
  request: ReadRequest,
  isWanted: (row: ConnectionRow) => boolean,
): Generator<ConnectionRow> {
  for (const row of openConnections(request.context)) {
    if (isWanted(row) && request.mayLookAt(row.session.username)) yield row;
  }
}

/** The connection that the path names: 404; 401 when it is somebody else's and the caller has no monitoring. */
export function findConnection(request: ReadRequest): ConnectionRow {
  const name = request.parameter('connection');
  const port = remotePortIn(name);
  for (const row of openConnections(request.context)) {
    if (row.connection.peer.remotePort !== port || row.connection.name !== name) continue;
    if (request.mayLookAt(row.session.username)) return row;
    throw request.refusal(`may not look at connection '${name}' of another user`);
  }
  throw objectNotFound();
}

/** What RabbitMQ shows without statistics. */
function trackedFields({ broker }: ManagementContext): Fields<ConnectionRow> {
  return {
    name: ({ connection }) => connection.name,
    vhost: ({ session }) => session.vhost.name,
    user: ({ session }) => session.username,
    node: () => broker.settings.nodeName,
  };
}

function connectionFields({ broker }: ManagementContext): Fields<ConnectionRow> {
  const { statistics } = broker;
  return {
    type: ({ connection }) => (isInProcess(connection) ? 'direct' : 'network'),
    protocol: () => 'AMQP 0-9-1',
    state: ({ connection }) => stateOf(connection),
    channels: ({ connection }) => connection.channels.size,
    channel_max: ({ connection }) => connection.channelMax,
    frame_max: ({ connection }) => connection.frameMax,
    timeout: ({ connection }) => connection.heartbeatSeconds,
    connected_at: ({ connection }) => Math.round(connection.connectedAtMs),
    auth_mechanism: ({ connection }) => connection.mechanism,
    client_properties: ({ connection }) => jsonOfTable(connection.clientProperties),
    user_provided_name: ({ connection }) => providedName(connection),
    user_who_performed_action: ({ session }) => session.username,
    host: ({ connection }) => connection.peer.localAddress,
    port: ({ connection }) => connection.peer.localPort,
    peer_host: ({ connection }) => connection.peer.remoteAddress,
    peer_port: ({ connection }) => connection.peer.remotePort,
    ...TLS_FIELDS,
    recv_oct: ({ connection }) => connection.traffic.receivedBytes,
    recv_oct_details: ({ connection }, { dataRates }) =>
      details(statistics.of(connection), 'receivedBytes', dataRates),
    recv_cnt: ({ connection }) => connection.traffic.receivedFrames,
    send_oct: ({ connection }) => connection.traffic.sentBytes,
    send_oct_details: ({ connection }, { dataRates }) =>
      details(statistics.of(connection), 'sentBytes', dataRates),
    send_cnt: ({ connection }) => connection.traffic.sentFrames,
    send_pend: ({ connection }) => Number(connection.output.congested),
  };
}

/** Null without TLS, as in RabbitMQ. */
const TLS_FIELDS: Fields<ConnectionRow> = {
  ssl: ({ connection }) => connection.peer.tls !== undefined,
  ssl_protocol: ({ connection }) => connection.peer.tls?.protocol ?? null,
  ssl_cipher: ({ connection }) => connection.peer.tls?.cipher ?? null,
  ssl_key_exchange: () => null,
  ssl_hash: () => null,
  peer_cert_subject: ({ connection }) => connection.peer.tls?.certificate?.subject ?? null,
  peer_cert_issuer: ({ connection }) => connection.peer.tls?.certificate?.issuer ?? null,
  peer_cert_validity: ({ connection }) => validityText(connection.peer.tls),
};

function validityText(tls: TlsFacts | undefined): string | null {
  if (tls?.certificate === undefined) return null;
  const { notBeforeMs, notAfterMs } = tls.certificate;
  return `${timeText(notBeforeMs)} - ${timeText(notAfterMs)}`;
}

function stateOf(connection: Connection): string {
  if (!connection.isOpen) return 'closing';
  return connection.isBlocked ? 'blocked' : 'running';
}

/** The name that the client gave itself. */
function providedName({ clientProperties }: Connection): string | undefined {
  const name = clientProperties.get('connection_name')?.value;
  return typeof name === 'string' ? name : undefined;
}

function isInProcess({ peer }: Connection): boolean {
  return peer.remoteAddress === 'in-process';
}
