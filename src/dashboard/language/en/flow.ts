export const flow = {
  window: 'Time shown',
  windows: { '60s': '1 min', '10m': '10 min', '1h': '1 h', '24h': '24 h' },
  overLastMinute: 'last minute',

  rateIn: 'P · comes in',
  rateOut: 'C · goes out',
  depth: 'Q · stored',
  delay: 'D · delay',
  depthOf: (ready: string, unacked: string): string => `${ready} ready, ${unacked} unacked`,
  delayMeasured: (p95: string): string => `p95 ${p95}, measured`,
  delayUnknown: 'not known: see the state',
  utilisation: 'Consumers busy',
  utilisationOf: (consumers: string): string => `of ${consumers} consumers`,
  utilisationOfOne: 'of 1 consumer',
  noConsumers: 'no consumers',
  drain: 'Empty in',
  drainAt: (clock: string): string => `about ${clock}`,
  drainNever: 'Never',
  drainEmpty: 'Empty',
  drainWhy: {
    idle: 'there is nothing to drain',
    stalled: 'nothing leaves',
    growing: 'more comes in',
    draining: 'at these rates',
    steady: 'in balance',
  },

  states: {
    idle: 'Idle',
    stalled: 'Stalled',
    growing: 'Growing',
    draining: 'Draining',
    steady: 'Steady',
  },
  stateWhy: {
    idle: ({ over }: StateFacts): string => `It is empty, and nothing came in ${over}.`,
    stalled: ({ messages, over }: StateFacts): string =>
      `${messages} messages are there, and none left in ${over}: there is no delay to speak of, nor a time to drain.`,
    growing: ({ enqueued, settled, over }: StateFacts): string =>
      `${enqueued} messages came and ${settled} left in ${over}: what comes now will take ever longer.`,
    draining: ({ enqueued, settled, over }: StateFacts): string =>
      `${settled} messages left and ${enqueued} came in ${over}.`,
    steady: ({ enqueued, settled, over }: StateFacts): string =>
      `About as many messages came as left in ${over}: ${enqueued} and ${settled}.`,
  },

  curves: 'The flow',
  curveIn: 'P(t) · messages in',
  curveOut: 'C(t) · messages out',
  curveDepth: 'Q(t) · messages stored',
  curveReady: 'ready',
  curveDelay: 'D(t) = Q / C',
  curveP50: 'measured p50',
  curveP95: 'p95',
  curveP99: 'p99',
  formulas: 'What the curves say',
  formulaIn: 'Messages a second that come into the queue.',
  formulaOut:
    'Messages a second that leave it: acknowledged, rejected, expired, dropped, dead-lettered or purged.',
  formulaDepth: 'Messages that are there, exactly: those that ever came less those that ever left.',
  formulaDelay:
    'Q / C: how long what is there takes to leave at this rate. In the steady state that is the mean time a message takes (Little’s law). Percentiles are measured, from arrival to acknowledgement.',
  formulaDrain: 'Q / (C − P), while more leaves than comes.',

  needed: 'Consumers for a wanted delay',
  neededTarget: 'Wanted mean delay',
  neededUnit: 'Unit of the delay',
  units: { ms: 'milliseconds', s: 'seconds', min: 'minutes' },
  neededTooLong: 'More than 0, and at most 24 hours.',
  neededConsumers: (count: string): string => (count === '1' ? '1 consumer' : `${count} consumers`),
  neededMore: (count: string): string => `${count} more than now`,
  neededFewer: (count: string): string => `${count} fewer than now`,
  neededSame: 'as many as now',
  neededRate: (rate: string): string => `One busy consumer does ${rate}.`,
  neededModel:
    'By Erlang’s formula, for arrivals and work at random, at the rates of the last minute. A backlog that is there already is not counted.',
  neededNoRate:
    'It is not known how quick one consumer is: none has acknowledged anything in the last minute.',
  neededTooShort: (each: string): string =>
    `No number is enough: one message takes a consumer ${each} by itself. Make the work shorter, or allow more time.`,

  explain: 'Why is it not draining?',
  explainMoving: 'How it drains',
  explainConsumers: (count: string): string =>
    count === '1' ? 'The consumer it is about' : `The ${count} consumers it is about`,
  explainUnacked: (unacked: string, prefetch: string): string => `${unacked} of ${prefetch} unacked`,
  explainUnackedUnlimited: (unacked: string): string => `${unacked} unacked, no prefetch`,
  explainBlocked: (duration: string): string => `full for ${duration}`,
  oldest: (age: string): string => `The oldest ready message is ${age} old.`,
  reasons: {
    paused: {
      title: 'The queue is paused',
      advice: 'It takes messages in and gives none out. Resume it.',
    },
    no_consumer: {
      title: 'There is no consumer',
      advice: 'Start one. If it could not subscribe, its log says why: permissions, exclusive use, limits.',
    },
    socket_not_read: {
      title: 'Consumers do not read what was sent to them',
      advice:
        'Look at the client: it is busy, stopped, or behind a slow network. Give it a prefetch, so that less is on the way.',
    },
    prefetch_full: {
      title: 'All consumers are full',
      advice:
        'They are busy, or forgot to acknowledge. Add consumers, make them faster, or raise the prefetch (basic.qos).',
    },
    global_prefetch_full: {
      title: 'The prefetch of the channel is full',
      advice: 'Acknowledge what was delivered on the channel, or raise basic.qos with global=true.',
    },
    single_active_consumer: {
      title: 'Only one consumer at a time is active',
      advice: 'The others wait for it to go. If it does not work, close it: the next one takes over.',
    },
    waiting_for_disk: {
      title: 'Deliveries wait for the disk',
      advice: 'That goes on by itself. If it lasts, the disk is too slow, or stands still.',
    },
    fetching_page: {
      title: 'The next messages are being read from disk',
      advice: 'That goes on by itself. A larger memory budget keeps more in memory.',
    },
    all_unacked: {
      title: 'Everything is delivered and not acknowledged',
      advice:
        'Consumers work on it, or forgot to acknowledge. A connection that is closed, or a lease that ends, gives its messages back.',
    },
    held_back: {
      title: 'Messages are held back for a delayed retry',
      advice: 'Wait, or shorten the delayed retry of the queue (delayed-retry-min, delayed-retry-max).',
    },
    head_expired: {
      title: 'The time of the next message is over',
      advice: 'Give messages a longer time to live, or consume faster.',
    },
    messages_expire: {
      title: 'What is not delivered in time expires',
      advice: 'The queue may become shorter without any consumer.',
    },
    exclusive: {
      title: 'The queue is exclusive',
      advice:
        'Only the connection that declared it may consume. Consume on that one, or declare the queue without exclusive.',
    },
    alarm: {
      title: 'An alarm of the broker is on',
      advice:
        'Publishers wait, and so do clients that consume on the same connection. Free memory or disk, or let the backlog drain.',
    },
    delivering: {
      title: 'Messages are being delivered',
      advice: 'Nothing has to be done.',
    },
    empty: {
      title: 'There is no message in the queue',
      advice: 'Nothing has to be done.',
    },
  },
};

interface StateFacts {
  readonly messages: string;
  readonly enqueued: string;
  readonly settled: string;
  /** A duration. */
  readonly over: string;
}
