/**
 * Why a queue does not drain, or that it does. What is said of a queue:
 *
 *     empty        there is nothing to deliver
 *     waiting      nothing is ready, but messages are unacked or held back
 *     draining     a consumer can take the next message now
 *     stuck        messages are ready, and nobody gets them; the first reason is the one to look at
 */
import type { Consumer } from '../queue/consumer.ts';
import type { Queue } from '../queue/queue.ts';
import { channelOf } from './consumer-channel.ts';
import { durationText } from './duration-text.ts';

/** By importance: of two that hold, the one that stands first here is told first. The codes are stable. */
export const QUEUE_REASONS = [
  'paused',
  'no_consumer',
  'socket_not_read',
  'prefetch_full',
  'global_prefetch_full',
  'single_active_consumer',
  'waiting_for_disk',
  'fetching_page',
  'all_unacked',
  'held_back',
  'head_expired',
  'messages_expire',
  'exclusive',
  'alarm',
  'delivering',
  'empty',
] as const;

export type QueueReasonCode = (typeof QUEUE_REASONS)[number];
export type QueueState = 'empty' | 'waiting' | 'draining' | 'stuck';

/** A consumer that a reason is about. */
export interface ConcernedConsumer {
  readonly consumerTag: string;
  /** Undefined for one that belongs to no channel of AMQP. */
  readonly connection: string | undefined;
  readonly channel: number | undefined;
  readonly user: string | undefined;
  readonly prefetchCount: number;
  readonly unackedCount: number;
  /** How long it has been unable to take a message, in milliseconds; undefined when it is not known. */
  readonly blockedMs: number | undefined;
}

export interface QueueReason {
  readonly reason: QueueReasonCode;
  readonly text: string;
  readonly advice: string;
  /** The first ones, at most CONSUMERS_SHOWN_MAX; empty when it is about none. */
  readonly consumers: readonly ConcernedConsumer[];
}

export interface QueueExplanation {
  readonly state: QueueState;
  readonly reasons: readonly QueueReason[];
}

/** What the reasons are found in beside the queue. */
export interface QueueSurroundings {
  /** In core time. */
  readonly nowMs: number;
  /** What publishers are told while an alarm is on. */
  readonly alarmReason: string | undefined;
  /** Messages of the queue that somebody without a channel has taken for a time. */
  readonly leasedCount: number;
}

const CONSUMERS_SHOWN_MAX = 20;

/** Looks at each consumer of the queue once, and changes nothing. */
export function explainQueue(queue: Queue, surroundings: QueueSurroundings): QueueExplanation {
  const served = servedConsumers(queue);
  const found = [
    ...reasonsOfQueue(queue, surroundings),
    ...reasonsOfConsumers(queue, served, surroundings),
    ...reasonsOfMessages(queue, served, surroundings),
  ];
  const reasons = found.sort((a, b) => QUEUE_REASONS.indexOf(a.reason) - QUEUE_REASONS.indexOf(b.reason));
  return { state: stateOf(queue, reasons), reasons };
}

function stateOf(queue: Queue, reasons: readonly QueueReason[]): QueueState {
  if (queue.messageCount === 0) return 'empty';
  if (queue.readyCount === 0) return 'waiting';
  return reasons.some(({ reason }) => reason === 'delivering') ? 'draining' : 'stuck';
}

/** Those that a message may go to: of a queue with a single active consumer, that one. */
function servedConsumers(queue: Queue): readonly Consumer[] {
  if (!queue.settings.singleActiveConsumer) return [...queue.consumers];
  return queue.activeConsumer === undefined ? [] : [queue.activeConsumer];
}

function reasonsOfQueue(queue: Queue, { alarmReason }: QueueSurroundings): QueueReason[] {
  const reasons: QueueReason[] = [];
  if (queue.isPaused) {
    const text = 'an operator paused the queue: it takes messages in and gives none out';
    const advice = 'resume it: PUT /api/queues/{vhost}/{queue}/resume';
    reasons.push(reasonOf('paused', text, advice));
  }
  if (queue.exclusiveOwner !== undefined) {
    const text = 'the queue is exclusive: only the connection that declared it may consume from it';
    const advice = 'consume on that connection, or declare the queue without exclusive';
    reasons.push(reasonOf('exclusive', text, advice));
  }
  if (alarmReason !== undefined) {
    const text = `an alarm is on (${alarmReason}): publishers wait, and a client that publishes on the connection it consumes on cannot acknowledge`;
    const advice =
      'free memory or disk, or let the backlog drain; publish and consume on connections of their own';
    reasons.push(reasonOf('alarm', text, advice));
  }
  return reasons;
}

function reasonsOfMessages(
  queue: Queue,
  served: readonly Consumer[],
  { nowMs, leasedCount }: QueueSurroundings,
): QueueReason[] {
  const { heldUntilMs, headExpiresMs } = queue.obstacles;
  const { messageTtlMs, deadLetterExchange } = queue.settings;
  const reasons: QueueReason[] = [];
  if (queue.messageCount === 0)
    reasons.push(reasonOf('empty', 'there is no message in the queue', NOTHING_TO_DO));
  if (queue.readyCount === 0 && queue.unackedCount > 0) reasons.push(allUnacked(queue, leasedCount));
  if (queue.heldCount > 0) {
    const text = `${countText(queue.heldCount, 'message')} held back for a delayed retry, the first for ${durationText(heldUntilMs - nowMs)} more`;
    const advice = 'wait, or shorten the delayed retry of the queue (delayed-retry-min, delayed-retry-max)';
    reasons.push(reasonOf('held_back', text, advice));
  }
  const fate = deadLetterExchange === undefined ? 'is dropped' : `goes to exchange '${deadLetterExchange}'`;
  if (headExpiresMs <= nowMs) {
    const text = `the time of the next message is over: it ${fate} instead of being delivered`;
    reasons.push(reasonOf('head_expired', text, 'give messages a longer time to live, or consume faster'));
  } else if (messageTtlMs !== undefined && queue.messageCount > 0 && !served.some(({ canTake }) => canTake)) {
    const text = `what is not delivered within ${durationText(messageTtlMs)} expires, and ${fate}`;
    reasons.push(reasonOf('messages_expire', text, 'the queue may become shorter without any consumer'));
  }
  return reasons;
}

const NOTHING_TO_DO = 'nothing has to be done';

function allUnacked(queue: Queue, leasedCount: number): QueueReason {
  const leased = leasedCount === 0 ? '' : `, ${leasedCount} of them under a lease over HTTP`;
  const text = `nothing is ready: ${countText(queue.unackedCount, 'message')} delivered and not acknowledged${leased}`;
  const advice =
    'the consumers work on them, or forgot to acknowledge; a connection that is closed, or a lease that ends, gives its messages back';
  return reasonOf('all_unacked', text, advice);
}

function reasonsOfConsumers(
  queue: Queue,
  served: readonly Consumer[],
  surroundings: QueueSurroundings,
): QueueReason[] {
  if (queue.consumerCount === 0) {
    const advice =
      'start a consumer; its log says why when it could not subscribe (permissions, exclusive use, limits)';
    return [reasonOf('no_consumer', 'no consumer is subscribed to the queue', advice)];
  }
  if (queue.readyCount === 0 || queue.isPaused) return [];
  const reasons = waitingBehindActive(queue, surroundings);
  const able = served.filter(({ canTake }) => canTake);
  if (able.length === 0) return [...reasons, ...whyNoneCanTake(served, surroundings)];
  const { awaitsReach, isFetchingPage } = queue.obstacles;
  if (awaitsReach) {
    const text = 'consumers wait for the disk: what is about to be delivered has to be on record first';
    reasons.push(
      reasonOf(
        'waiting_for_disk',
        text,
        'it goes on by itself; if it lasts, the disk is too slow or stands still',
      ),
    );
  }
  if (isFetchingPage) {
    const text = 'the next messages are on the disk and being read';
    reasons.push(
      reasonOf('fetching_page', text, 'it goes on by itself; a larger memory budget keeps more in memory'),
    );
  }
  if (!awaitsReach && !isFetchingPage) {
    const text = `${countText(able.length, 'consumer')} able to take messages now`;
    reasons.push(reasonOf('delivering', text, NOTHING_TO_DO, concerned(able, surroundings)));
  }
  return reasons;
}

function waitingBehindActive(queue: Queue, surroundings: QueueSurroundings): QueueReason[] {
  const active = queue.activeConsumer;
  if (!queue.settings.singleActiveConsumer || active === undefined || queue.consumerCount === 1) return [];
  const others = queue.consumerCount - 1;
  const waiting = others === 1 ? '1 other waits' : `${others} others wait`;
  const text = `the queue has a single active consumer, '${active.consumerTag}'; ${waiting} for it to go`;
  const advice = 'close the active consumer if it does not work: the one that came first after it takes over';
  return [reasonOf('single_active_consumer', text, advice, concerned([active], surroundings))];
}

/** None of them can take a message: for each it is its socket, its own prefetch, or that of its channel. */
function whyNoneCanTake(consumers: readonly Consumer[], surroundings: QueueSurroundings): QueueReason[] {
  const unread = consumers.filter(({ target }) => !target.canDeliver);
  const read = consumers.filter(({ target }) => target.canDeliver);
  const full = read.filter(isFull);
  const globallyFull = read.filter((consumer) => !isFull(consumer) && !consumer.target.hasGlobalCredit);
  const reasons: QueueReason[] = [];
  if (unread.length > 0) {
    const text = `${countText(unread.length, 'consumer')} not reading what was sent: the connection is full`;
    const advice =
      'look at the client: it is busy, stopped, or behind a slow network; give it a prefetch so that less is on the way';
    reasons.push(reasonOf('socket_not_read', text, advice, concerned(unread, surroundings)));
  }
  if (full.length > 0) reasons.push(prefetchFull(full, surroundings));
  if (globallyFull.length > 0) {
    const text = `${countText(globallyFull.length, 'consumer')} on a channel whose prefetch of all consumers together is full`;
    const advice = 'acknowledge what was delivered on the channel, or raise basic.qos with global=true';
    reasons.push(reasonOf('global_prefetch_full', text, advice, concerned(globallyFull, surroundings)));
  }
  return reasons;
}

function isFull({ noAck, prefetchCount, unackedCount }: Consumer): boolean {
  return !noAck && prefetchCount !== 0 && unackedCount >= prefetchCount;
}

function prefetchFull(full: readonly Consumer[], surroundings: QueueSurroundings): QueueReason {
  const consumers = concerned(full, surroundings);
  const unacked = full.reduce((sum, { unackedCount }) => sum + unackedCount, 0);
  const longestMs = Math.max(0, ...consumers.map(({ blockedMs }) => blockedMs ?? 0));
  const text =
    `${countText(full.length, 'consumer')} full: ${unacked} messages delivered and not acknowledged, ` +
    `the longest for ${durationText(longestMs)}`;
  const advice =
    'the consumers are busy or forgot to acknowledge: add consumers, make them faster, or raise the prefetch (basic.qos)';
  return reasonOf('prefetch_full', text, advice, consumers);
}

function concerned(consumers: readonly Consumer[], { nowMs }: QueueSurroundings): ConcernedConsumer[] {
  return consumers.slice(0, CONSUMERS_SHOWN_MAX).map((consumer) => {
    const { consumerTag, prefetchCount, unackedCount, parkedMs, next } = consumer;
    const channel = channelOf(consumer);
    const isParked = next === undefined && parkedMs >= 0;
    return {
      consumerTag,
      connection: channel?.connection.name,
      channel: channel?.number,
      user: channel?.session.username,
      prefetchCount,
      unackedCount,
      blockedMs: isParked ? nowMs - parkedMs : undefined,
    };
  });
}

function reasonOf(
  reason: QueueReasonCode,
  text: string,
  advice: string,
  consumers: readonly ConcernedConsumer[] = [],
): QueueReason {
  return { reason, text, advice, consumers };
}

/** '1 message is', '3 messages are'. */
function countText(count: number, thing: string): string {
  return count === 1 ? `1 ${thing} is` : `${count} ${thing}s are`;
}
