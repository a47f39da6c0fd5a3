/** Dead letters: which queues get them, their groups, and replays. */
import { queryText, request, segment } from './http.ts';
import { deathsOf, type Headers, type MessagesAnswer, messagesPath, queueResource } from './messages.ts';

/** What dead letters have in common; null: they have none. */
export interface DeathCause {
  readonly reason: string | null;
  readonly queue: string | null;
  readonly exchange: string | null;
  readonly error: string | null;
}

export interface DeadLetterGroup extends DeathCause {
  readonly routing_keys: readonly string[];
  readonly count: number;
  readonly oldest_at: string;
  readonly newest_at: string;
  readonly sample_position: string;
}

export interface DeadLettersAnswer {
  readonly groups: readonly DeadLetterGroup[];
  /** Messages that belong to none of these groups. */
  readonly other: number;
  readonly looked_at: number;
  readonly next: string | null;
}

/** `max`: how many messages are looked at. */
export function deadLettersPath(vhost: string, queue: string, max?: number): string {
  return `${queueResource(vhost, queue)}/dead-letters${queryText({ max })}`;
}

export type ReplayWhich = 'all' | { readonly positions: readonly string[] } | DeathCause;

export interface ReplayTarget {
  readonly queue?: string | undefined;
  readonly exchange?: string | undefined;
  readonly routing_key?: string | undefined;
}

export interface ReplayRequest {
  readonly which: ReplayWhich;
  /** Absent: each goes back where it died. */
  readonly to?: ReplayTarget | undefined;
  readonly rate_per_second?: number | undefined;
  readonly max?: number | undefined;
  readonly stop_on_failure: boolean;
}

export interface Replay {
  readonly id: string;
  readonly state: 'running' | 'done' | 'stopped' | 'failed';
  readonly which: 'all' | 'positions' | Partial<DeathCause>;
  readonly to: ReplayTarget | null;
  /** Null: not known. */
  readonly total: number | null;
  readonly moved: number;
  readonly failed: number;
  readonly skipped: number;
  readonly skipped_because: string | null;
  readonly rate_per_second: number | null;
  readonly started_by: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly stop_reason: string | null;
}

export interface ReplaysAnswer {
  readonly replays: readonly Replay[];
}

export function replaysPath(vhost: string, queue: string): string {
  return `${queueResource(vhost, queue)}/replays`;
}

export function startReplay(vhost: string, queue: string, replay: ReplayRequest): Promise<Replay> {
  return request('POST', replaysPath(vhost, queue), replay);
}

export function stopReplay(vhost: string, queue: string, id: string): Promise<Replay> {
  return request('DELETE', `${replaysPath(vhost, queue)}/${segment(id)}`);
}

/** The headers in which consumers say what went wrong; the first that a message has counts. */
const ERROR_HEADERS: readonly string[] = [
  'x-error',
  'x-exception-message',
  'x-exception',
  'exception-message',
  'error',
  'leveret-error',
  'NServiceBus.ExceptionInfo.Message',
  'MT-Fault-Message',
  'rbs2-error-details',
];
const ERROR_CHARACTERS_MAX = 200;

/** What the broker groups a message of the queue `source` by. */
export function causeOf(headers: Headers, source: string): DeathCause {
  const deaths = deathsOf(headers);
  const death = deaths.find(({ queue }) => queue !== source) ?? deaths[0];
  const of = (name: 'reason' | 'queue' | 'exchange'): string | null =>
    death === undefined ? textOrNull(headers[`x-first-death-${name}`]) : death[name];
  return { reason: of('reason'), queue: of('queue'), exchange: of('exchange'), error: errorOf(headers) };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function errorHeaderOf(headers: Headers): string | undefined {
  return ERROR_HEADERS.find((each) => headers[each] !== undefined);
}

function errorOf(headers: Headers): string | null {
  const name = errorHeaderOf(headers);
  if (name === undefined) return null;
  const value = headers[name];
  const [line = ''] = (typeof value === 'string' ? value : JSON.stringify(value)).trimStart().split('\n', 1);
  return line.slice(0, ERROR_CHARACTERS_MAX).trimEnd();
}

export function isOfCause(cause: DeathCause, { reason, queue, exchange, error }: DeathCause): boolean {
  return (
    cause.reason === reason && cause.queue === queue && cause.exchange === exchange && cause.error === error
  );
}

/** Messages of one look, without their payloads. */
const LOOK_MAX = 1000;

/** The positions of the messages of a group that are in the queue now. */
export async function positionsOf(vhost: string, queue: string, group: DeadLetterGroup): Promise<string[]> {
  const positions: string[] = [];
  let from: string | null = group.sample_position;
  while (from !== null) {
    const path: string = messagesPath(vhost, queue, { from, limit: LOOK_MAX, truncate: 0 });
    const answer: MessagesAnswer = await request('GET', path);
    for (const { position, headers } of answer.messages)
      if (isOfCause(causeOf(headers, queue), group)) positions.push(position);
    from = answer.next;
  }
  return positions;
}

/** The fields of a search that finds the messages of a group, from its first one on, and as few others as there may be. */
export async function searchForGroup(
  vhost: string,
  queue: string,
  group: DeadLetterGroup,
): Promise<Readonly<Record<string, string | undefined>>> {
  const { reason, error, sample_position: from } = group;
  const look = { from, limit: 1, truncate: 0 };
  const { messages } = await request<MessagesAnswer>('GET', messagesPath(vhost, queue, look));
  const headers = messages[0]?.headers ?? {};
  const name = error === null ? undefined : errorHeaderOf(headers);
  return {
    from,
    'header.x-last-death-reason': reason ?? undefined,
    'header.x-last-death-queue': group.queue ?? undefined,
    // an error of several lines may go on otherwise in other messages
    ...(name !== undefined && headers[name] === error ? { [`header.${name}`]: error } : {}),
  };
}
