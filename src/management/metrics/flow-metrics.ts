/** The maths of queues: Leveret's own metrics per queue, over the last minute. docs/queue-maths.md explains them. */
import type { Queue } from '../../core/queue/queue.ts';
import type { Flow } from '../../core/statistics/flow.ts';
import type { MetricType } from './metrics-text.ts';

export const FLOW_WINDOW_SECONDS = 60;

/** A queue, with its maths as they are at the scrape. */
export interface QueueFlow {
  readonly queue: Queue;
  readonly flow: Flow;
  /** Core time. */
  readonly nowMs: number;
}

export interface FlowMetric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** The samples: labels beside those of the queue, and value. Undefined values are left out. */
  readonly samples: (queue: QueueFlow) => readonly (readonly [labels: string, value: number | undefined])[];
}

export const QUEUE_FLOW_METRICS: readonly FlowMetric[] = [
  plain(
    'leveret_queue_enqueued_total',
    'counter',
    'N: messages that came into a queue, with those that an earlier run left',
    ({ flow }) => flow.enqueuedCount,
  ),
  plain(
    'leveret_queue_settled_total',
    'counter',
    'M: messages that went out of a queue: acknowledged, expired, dropped or purged',
    ({ flow }) => flow.settledCount,
  ),
  plain(
    'leveret_queue_messages_held',
    'gauge',
    'Messages that wait for their delayed retry',
    ({ queue }) => queue.heldCount,
  ),
  plain(
    'leveret_queue_arrival_rate',
    'gauge',
    'P: messages that came in a second, over the last minute',
    ({ flow }) => flow.ratePerSecondIn,
  ),
  plain(
    'leveret_queue_departure_rate',
    'gauge',
    'C: messages that went out a second, over the last minute',
    ({ flow }) => flow.ratePerSecondOut,
  ),
  plain(
    'leveret_queue_delay_seconds',
    'gauge',
    'D = Q / C: how long what is in the queue takes; absent when nothing goes out or the queue grows',
    ({ flow }) => seconds(flow.delayMs),
  ),
  plain(
    'leveret_queue_drain_seconds',
    'gauge',
    'Until the queue is empty, at the rates of the last minute; absent unless it drains',
    ({ flow }) => seconds(flow.drainMs),
  ),
  plain(
    'leveret_queue_utilisation',
    'gauge',
    'Share of their time in which the consumers had unacknowledged messages; absent without consumers',
    ({ flow }) => flow.utilisation,
  ),
  plain(
    'leveret_queue_service_rate',
    'gauge',
    'Messages that one consumer settles in a second in which it is busy; absent when none was',
    ({ flow }) => flow.serviceRatePerSecond,
  ),
  {
    name: 'leveret_queue_sojourn_seconds',
    type: 'gauge',
    help: 'Time from enqueue to settlement as measured in the last minute to two, by quantile; absent when nothing was settled',
    samples: ({ flow: { measured } }) => [
      ['quantile="0.5"', seconds(measured?.p50Ms)],
      ['quantile="0.95"', seconds(measured?.p95Ms)],
      ['quantile="0.99"', seconds(measured?.p99Ms)],
    ],
  },
  plain(
    'leveret_queue_oldest_ready_seconds',
    'gauge',
    'Age of the message that is delivered next; absent when none is ready, or it is not in memory',
    ({ queue, nowMs }) => {
      const arrivalMs = queue.headRecord?.arrivalMs;
      return arrivalMs === undefined ? undefined : seconds(nowMs - arrivalMs);
    },
  ),
  {
    name: 'leveret_queue_state',
    type: 'gauge',
    help: '1 for the state that a queue is in: idle, stalled, growing, draining or steady',
    samples: ({ flow }) => [[`state="${flow.state}"`, 1]],
  },
  plain('leveret_queue_paused', 'gauge', '1 when an operator paused the queue', ({ queue }) =>
    queue.isPaused ? 1 : 0,
  ),
];

function plain(
  name: string,
  type: MetricType,
  help: string,
  value: (queue: QueueFlow) => number | undefined,
): FlowMetric {
  return { name, type, help, samples: (queue) => [['', value(queue)]] };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
