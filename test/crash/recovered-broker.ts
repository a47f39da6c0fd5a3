import type { Definition } from '../../src/core/definitions/definition.ts';
import { REACH_STEP } from '../../src/core/queue/reach.ts';
import { lanesOf, type ModelMessage, type StoreModel } from './store-model.ts';
import type { RecoveredBroker, RecoveredMessage } from './workload-ledger.ts';

/** What clients will find of a broker that recovered `model`. */
export function recoveredBroker(model: StoreModel): RecoveredBroker {
  const queues = new Map<string, readonly RecoveredMessage[]>();
  const objects = new Set<string>();
  const outcomes = new Map<string, number | undefined>();
  const keys = new Set<string>();
  for (const { definition } of model.definitions.values()) {
    const key = objectKey(definition);
    if (key !== undefined) objects.add(key);
    if (definition.kind === 'queue') {
      const showsReturns = definition.arguments.get('x-queue-type')?.value === 'quorum';
      queues.set(definition.name, messagesOf(model, lanesOf(definition), showsReturns));
    }
    if (definition.kind !== 'vhost') continue;
    for (const { kept, id } of keptIn(model, definition.outcomeLaneId)) {
      if (kept !== undefined) outcomes.set(`${kept.scope} ${kept.key}`, id);
    }
    for (const { kept } of keptIn(model, definition.deduplicationLaneId)) {
      if (kept !== undefined) keys.add(`${kept.scope} ${kept.key}`);
    }
  }
  return { queues, objects, outcomes, keys };
}

function keptIn(model: StoreModel, laneId: number | undefined): Iterable<ModelMessage> {
  return (laneId === undefined ? undefined : model.lanes.get(laneId)?.messages.values()) ?? [];
}

/** In their order, from the lane of the highest priority on. */
function messagesOf(
  model: StoreModel,
  laneIds: readonly number[],
  showsReturns: boolean,
): RecoveredMessage[] {
  return laneIds.toReversed().flatMap((laneId) => {
    const lane = model.lanes.get(laneId);
    if (lane === undefined) return [];
    // Whatever has a note was delivered, and so was everything before it.
    const deliveredEnd = Math.max(lane.reach ?? REACH_STEP, ...[...lane.notes.keys()].map((seq) => seq + 1));
    return [...lane.messages]
      .sort(([a], [b]) => a - b)
      .map(([seq, { id }]) => {
        const returnCount = showsReturns ? (lane.notes.get(seq)?.returnCount ?? 0) : 0;
        return { id, redelivered: seq < deliveredEnd, returnCount };
      });
  });
}

/** As the workload names it; undefined for what it does not make. */
function objectKey(definition: Definition): string | undefined {
  switch (definition.kind) {
    case 'queue':
    case 'exchange':
    case 'user':
    case 'policy':
      return `${definition.kind} ${definition.name}`;
    case 'binding':
      return `binding ${definition.source}|${definition.destination}|${definition.routingKey}`;
    default:
      return undefined;
  }
}
