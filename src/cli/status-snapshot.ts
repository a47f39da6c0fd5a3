/** What `leveret status` looks at, and what it makes of it. */
import type { ApiClient } from './api/api-client.ts';
import { isTrueAt, listAt, listOf, numberAt, textAt } from './api/json-fields.ts';
import { orUndefined, readQueueFlow } from './api/read-flow.ts';
import { amountOf, bytesText, numberText, rateText } from './terminal/quantity-texts.ts';

export interface Snapshot {
  /** How long the message at its head waits, for each of the first queues. */
  readonly oldestSeconds: readonly (number | undefined)[];
  readonly overview: unknown;
  readonly nodes: readonly unknown[];
  /** Those with most messages, the longest first. */
  readonly queues: readonly unknown[];
  /** Looked for when an alarm is on. */
  readonly blockedConnections: number;
}

/** Something that an operator should look into. */
export interface Finding {
  /** Publishers have to wait because of it. */
  readonly isAlarm: boolean;
  readonly text: string;
}

/** Those that the screen has room for. */
export const QUEUES_SHOWN = 5;
/** The longest of them are looked at one by one: what is wrong with a queue shows in its length. */
const QUEUES_READ = 100;
/** A queue that got longer by less than this in a second may as well be level. */
const GROWTH_MIN = 0.1;
const FINDINGS_OF_A_KIND_MAX = 3;

export async function readSnapshot(api: ApiClient): Promise<Snapshot> {
  const overview = await api.get('/api/overview');
  const longest = `/api/queues?page=1&page_size=${QUEUES_READ}&sort=messages&sort_reverse=true`;
  const [nodes, queues] = await Promise.all([nodesOf(api), api.get(longest)]);
  const hasAlarm = nodes.some((node) => isTrueAt(node, 'mem_alarm') || isTrueAt(node, 'disk_free_alarm'));
  const longestQueues = listAt(queues, 'items');
  const oldestSeconds = await Promise.all(
    longestQueues.slice(0, QUEUES_SHOWN).map((queue) => oldestOf(api, queue)),
  );
  const blockedConnections = hasAlarm ? await countBlocked(api) : 0;
  return { overview, nodes, queues: longestQueues, oldestSeconds, blockedConnections };
}

/** Only users with the tag monitoring see nodes: to others the rest is shown. */
async function nodesOf(api: ApiClient): Promise<readonly unknown[]> {
  return listOf(await orUndefined(api.get('/api/nodes')));
}

async function oldestOf(api: ApiClient, queue: unknown): Promise<number | undefined> {
  const flow = await readQueueFlow(api, textAt(queue, 'vhost') ?? '/', textAt(queue, 'name') ?? '');
  return flow?.oldestSeconds;
}

async function countBlocked(api: ApiClient): Promise<number> {
  const connections = listAt(await api.get('/api/connections?page=1&page_size=500'), 'items');
  return connections.filter((connection) => /^block/.test(textAt(connection, 'state') ?? '')).length;
}

/** Alarms first. */
export function findingsOf({ overview, nodes, queues, blockedConnections }: Snapshot): Finding[] {
  return [
    ...nodes.flatMap((node) => alarmsOf(node, blockedConnections)),
    ...nodes.flatMap(fileDescriptorsOf),
    ...unroutableOf(overview),
    ...queueFindings(queues, growsUnconsumed, (queue) => {
      const growth = rateText(numberAt(queue, 'messages_details.rate'));
      return `queue '${textAt(queue, 'name')}' has no consumers and grows by ${growth}`;
    }),
    ...queueFindings(queues, growsAnyway, (queue) => {
      const consumers = amountOf(numberAt(queue, 'consumers') ?? 0, 'consumer');
      const growth = rateText(numberAt(queue, 'messages_details.rate'));
      return `queue '${textAt(queue, 'name')}' grows by ${growth}: its ${consumers} cannot keep up`;
    }),
    ...queueFindings(queues, isStuck, (queue) => {
      const ready = numberText(numberAt(queue, 'messages_ready'));
      return `queue '${textAt(queue, 'name')}' has ${ready} ready and consumers, and delivers nothing: see leveret explain queue`;
    }),
    ...queueFindings(queues, isPaused, (queue) => `queue '${textAt(queue, 'name')}' is paused`),
  ];
}

function alarmsOf(node: unknown, blocked: number): Finding[] {
  const waiting = blocked === 0 ? 'publishers have to wait' : `${amountOf(blocked, 'connection')} blocked`;
  const findings: Finding[] = [];
  if (isTrueAt(node, 'mem_alarm')) {
    const amounts = `${bytesText(numberAt(node, 'mem_used'))} of ${bytesText(numberAt(node, 'mem_limit'))}`;
    findings.push({ isAlarm: true, text: `memory is short, ${amounts} used: ${waiting}` });
  }
  if (isTrueAt(node, 'disk_free_alarm')) {
    const amounts = `${bytesText(numberAt(node, 'disk_free'))} free of at least ${bytesText(numberAt(node, 'disk_free_limit'))}`;
    findings.push({ isAlarm: true, text: `the disk is nearly full, ${amounts}: ${waiting}` });
  }
  return findings;
}

function fileDescriptorsOf(node: unknown): Finding[] {
  const used = numberAt(node, 'fd_used') ?? 0;
  const total = numberAt(node, 'fd_total') ?? 0;
  if (total === 0 || used < 0.9 * total) return [];
  return [
    { isAlarm: false, text: `${numberText(used)} of ${numberText(total)} file descriptors are in use` },
  ];
}

function unroutableOf(overview: unknown): Finding[] {
  const rate = numberAt(overview, 'message_stats.drop_unroutable_details.rate') ?? 0;
  if (rate <= 0) return [];
  return [
    {
      isAlarm: false,
      text: `${rateText(rate)} are dropped, because they lead to no queue: see leveret explain route`,
    },
  ];
}

/** The first few of a kind by name, the rest by number. */
function queueFindings(
  queues: readonly unknown[],
  isMeant: (queue: unknown) => boolean,
  textOf: (queue: unknown) => string,
): Finding[] {
  const meant = queues.filter(isMeant);
  const texts = meant.slice(0, FINDINGS_OF_A_KIND_MAX).map(textOf);
  if (meant.length > texts.length)
    texts.push(`and ${amountOf(meant.length - texts.length, 'other queue')} like it`);
  return texts.map((text) => ({ isAlarm: false, text }));
}

function growsUnconsumed(queue: unknown): boolean {
  return growth(queue) >= GROWTH_MIN && numberAt(queue, 'consumers') === 0;
}

function growsAnyway(queue: unknown): boolean {
  const consumers = numberAt(queue, 'consumers') ?? 0;
  return growth(queue) >= GROWTH_MIN && consumers > 0 && delivered(queue) > 0;
}

function isStuck(queue: unknown): boolean {
  const [ready, consumers] = [numberAt(queue, 'messages_ready') ?? 0, numberAt(queue, 'consumers') ?? 0];
  return ready > 0 && consumers > 0 && delivered(queue) === 0 && !isPaused(queue);
}

function isPaused(queue: unknown): boolean {
  return textAt(queue, 'state') === 'paused';
}

function growth(queue: unknown): number {
  return numberAt(queue, 'messages_details.rate') ?? 0;
}

function delivered(queue: unknown): number {
  return numberAt(queue, 'message_stats.deliver_get_details.rate') ?? 0;
}
