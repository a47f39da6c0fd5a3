import { request, segment } from './http.ts';
import type { RateDetails } from './rate-curve.ts';

export interface ConnectionRow {
  readonly name: string;
  readonly vhost: string;
  readonly user: string;
  readonly type: 'network' | 'direct';
  readonly state: ConnectionState;
  readonly channels: number;
  /** Milliseconds since 1970. */
  readonly connected_at: number;
  readonly client_properties: ClientProperties;
  /** The name that the client gave itself. */
  readonly user_provided_name?: string;
  readonly ssl: boolean;
  readonly recv_oct_details: RateDetails;
  readonly send_oct_details: RateDetails;
  /** 1: the client reads slower than it is sent to. */
  readonly send_pend: number;
}

export type ConnectionState = 'running' | 'blocked' | 'closing';

/** What a client says of itself; may be anything. */
export type ClientProperties = Readonly<Record<string, unknown>>;

export interface ConnectionAnswer extends ConnectionRow {
  readonly protocol: string;
  readonly channel_max: number;
  readonly frame_max: number;
  /** Heartbeat, in seconds; 0: none. */
  readonly timeout: number;
  readonly auth_mechanism: string;
  readonly host: string;
  readonly port: number;
  readonly peer_host: string;
  readonly peer_port: number;
  readonly ssl_protocol: string | null;
  readonly ssl_cipher: string | null;
  readonly peer_cert_subject: string | null;
  readonly peer_cert_issuer: string | null;
  readonly peer_cert_validity: string | null;
  readonly recv_oct: number;
  readonly send_oct: number;
  readonly recv_cnt: number;
  readonly send_cnt: number;
}

export type ConnectionTraffic = Pick<ConnectionAnswer, 'recv_oct_details' | 'send_oct_details'>;

/** The fields of a row. */
export const CONNECTION_COLUMNS: string = [
  'name',
  'vhost',
  'user',
  'type',
  'state',
  'channels',
  'connected_at',
  'client_properties.product',
  'client_properties.version',
  'user_provided_name',
  'ssl',
  'recv_oct_details',
  'send_oct_details',
  'send_pend',
].join(',');

export function connectionPath(name: string): string {
  return `/api/connections/${segment(name)}`;
}

/** A header holds these and no others, and the reason travels in one. */
const REASON_CHARACTERS = /^[\x20-\x7e]*$/;
export const REASON_LENGTH_MAX = 200;

export function isReason(text: string): boolean {
  return REASON_CHARACTERS.test(text);
}

/** The client is told the reason. */
export async function closeConnection(name: string, reason: string): Promise<void> {
  await request(
    'DELETE',
    connectionPath(name),
    undefined,
    reason.trim() === '' ? {} : { 'x-reason': reason.trim() },
  );
}

const NAME = /^(.+?) -> .*?(?: (\(\d+\)))?$/;
/** Keeps a number on the line of its address. */
const NO_BREAK = '\u00a0';

/** The client's end of the name of a connection or a channel: the broker's is mostly the same for all. */
export function clientEnd(name: string): string {
  const [, client, number] = NAME.exec(name) ?? [];
  if (client === undefined) return name;
  return number === undefined ? client : `${client}${NO_BREAK}${number}`;
}
