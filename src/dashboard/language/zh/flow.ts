import type { flow as english } from '../en/flow.ts';

export const flow: typeof english = {
  window: '时间范围',
  windows: { '60s': '1 分钟', '10m': '10 分钟', '1h': '1 小时', '24h': '24 小时' },
  overLastMinute: '最近一分钟',

  rateIn: 'P · 流入',
  rateOut: 'C · 流出',
  depth: 'Q · 堆积',
  delay: 'D · 延迟',
  depthOf: (ready, unacked) => `${ready} 就绪，${unacked} 未确认`,
  delayMeasured: (p95) => `实测 p95 ${p95}`,
  delayUnknown: '无法计算，原因见状态',
  utilisation: '消费者忙碌度',
  utilisationOf: (consumers) => `共 ${consumers} 个消费者`,
  utilisationOfOne: '共 1 个消费者',
  noConsumers: '没有消费者',
  drain: '预计排空',
  drainAt: (clock) => `约 ${clock}`,
  drainNever: '无法排空',
  drainEmpty: '已空',
  drainWhy: {
    idle: '没有需要消费的消息',
    stalled: '没有消息流出',
    growing: '流入大于流出',
    draining: '按当前速率',
    steady: '流入与流出持平',
  },

  states: { idle: '空闲', stalled: '停滞', growing: '增长', draining: '正在排空', steady: '平稳' },
  stateWhy: {
    idle: ({ over }) => `队列为空，最近 ${over} 没有消息流入。`,
    stalled: ({ messages, over }) =>
      `队列中有 ${messages} 条消息，最近 ${over} 没有一条流出，因此无法计算延迟和排空时间。`,
    growing: ({ enqueued, settled, over }) =>
      `最近 ${over} 流入 ${enqueued} 条、流出 ${settled} 条，新消息的等待时间会越来越长。`,
    draining: ({ enqueued, settled, over }) => `最近 ${over} 流出 ${settled} 条、流入 ${enqueued} 条。`,
    steady: ({ enqueued, settled, over }) =>
      `最近 ${over} 流入与流出大致持平：分别为 ${enqueued} 条和 ${settled} 条。`,
  },

  curves: '流量曲线',
  curveIn: 'P(t) · 流入速率',
  curveOut: 'C(t) · 流出速率',
  curveDepth: 'Q(t) · 堆积消息数',
  curveReady: '就绪',
  curveDelay: 'D(t) = Q / C',
  curveP50: '实测 p50',
  curveP95: 'p95',
  curveP99: 'p99',
  formulas: '曲线的含义',
  formulaIn: '每秒进入队列的消息数。',
  formulaOut: '每秒离开队列的消息数：包括被确认、拒绝、过期、丢弃、转为死信和清空的消息。',
  formulaDepth: '队列中现有的消息数，精确值：累计流入减去累计流出。',
  formulaDelay:
    'Q / C：按当前流出速率，现有消息全部离开所需的时间。稳态下等于一条消息的平均停留时间（利特尔法则）。分位数为实测值，从入队到确认。',
  formulaDrain: 'Q / (C − P)，仅在流出大于流入时有意义。',

  needed: '达到目标延迟所需的消费者',
  neededTarget: '目标平均延迟',
  neededUnit: '延迟单位',
  units: { ms: '毫秒', s: '秒', min: '分钟' },
  neededTooLong: '须大于 0，且不超过 24 小时。',
  neededConsumers: (count) => `${count} 个消费者`,
  neededMore: (count) => `比现在多 ${count} 个`,
  neededFewer: (count) => `比现在少 ${count} 个`,
  neededSame: '与现在相同',
  neededRate: (rate) => `单个消费者满负荷时可处理 ${rate}。`,
  neededModel: '按埃尔朗公式计算，假设到达和处理时间随机，采用最近一分钟的速率；不计已有的堆积。',
  neededNoRate: '单个消费者的处理速度未知：最近一分钟没有消费者确认过消息。',
  neededTooShort: (each) =>
    `再多消费者也不够：单条消息的处理本身就需要 ${each}。请缩短处理时间，或放宽目标。`,

  explain: '为什么没有排空？',
  explainMoving: '消费情况',
  explainConsumers: (count) => `涉及的 ${count} 个消费者`,
  explainUnacked: (unacked, prefetch) => `未确认 ${unacked} / ${prefetch}`,
  explainUnackedUnlimited: (unacked) => `未确认 ${unacked}，无预取上限`,
  explainBlocked: (duration) => `已满 ${duration}`,
  oldest: (age) => `最早的就绪消息已等待 ${age}。`,
  reasons: {
    paused: { title: '队列已暂停', advice: '队列只接收消息，不投递。请恢复队列。' },
    no_consumer: {
      title: '没有消费者',
      advice: '请启动消费者。如果订阅失败，其日志会说明原因：权限、独占使用或数量限制。',
    },
    socket_not_read: {
      title: '消费者没有读取已发送的消息',
      advice: '请检查客户端：可能正忙、已停止或网络缓慢。设置预取数量，以减少在途消息。',
    },
    prefetch_full: {
      title: '所有消费者的预取都已占满',
      advice: '消费者正忙，或忘记确认。可以增加消费者、加快处理，或调大预取数量（basic.qos）。',
    },
    global_prefetch_full: {
      title: '信道的预取已占满',
      advice: '请确认该信道上已投递的消息，或以 global=true 调大 basic.qos。',
    },
    single_active_consumer: {
      title: '同一时刻只有一个消费者处于活动状态',
      advice: '其他消费者都在等待。如果它没有正常工作，请将其关闭，由下一个接替。',
    },
    waiting_for_disk: {
      title: '投递正在等待磁盘',
      advice: '会自行恢复。如果持续存在，说明磁盘太慢或已停止响应。',
    },
    fetching_page: {
      title: '正在从磁盘读取后续消息',
      advice: '会自行恢复。增大内存预算可以让更多消息留在内存中。',
    },
    all_unacked: {
      title: '所有消息都已投递但未确认',
      advice: '消费者正在处理，或忘记确认。连接关闭或租约到期后，消息会回到队列。',
    },
    held_back: {
      title: '消息因延迟重试而暂缓投递',
      advice: '请等待，或缩短队列的延迟重试时间（delayed-retry-min、delayed-retry-max）。',
    },
    head_expired: { title: '下一条消息已过期', advice: '请延长消息的存活时间，或加快消费。' },
    messages_expire: { title: '未及时投递的消息会过期', advice: '即使没有消费者，队列也可能变短。' },
    exclusive: {
      title: '队列为独占队列',
      advice: '只有声明它的连接可以消费。请在该连接上消费，或以非独占方式声明队列。',
    },
    alarm: {
      title: '服务器触发了告警',
      advice: '发布者会被阻塞，在同一连接上消费的客户端也无法确认。请释放内存或磁盘，或等待堆积消化。',
    },
    delivering: { title: '消息正在投递', advice: '无需处理。' },
    empty: { title: '队列中没有消息', advice: '无需处理。' },
  },
};
