import type { Definition } from '../../src/core/definitions/definition.ts';
import { REACH_STEP } from '../../src/core/queue/reach.ts';
import { lanesOf, type StoreModel } from './store-model.ts';
import type { RecoveredBroker, RecoveredMessage } from './workload-ledger.ts';

/** What clients will find of a broker that recovered `model`. */
export function recoveredBroker(model: StoreModel): RecoveredBroker {
  const queues = new Map<string, readonly RecoveredMessage[]>();
  const objects = new Set<string>();
  for (const { definition } of model.definitions.values()) {
    const key = objectKey(definition);
    if (key !== undefined) objects.add(key);
    if (definition.kind === 'queue') queues.set(definition.name, messagesOf(model, lanesOf(definition)));
  }
  return { queues, objects };
}

/** In their order, from the lane of the highest priority on. */
function messagesOf(model: StoreModel, laneIds: readonly number[]): RecoveredMessage[] {
  return laneIds.toReversed().flatMap((laneId) => {
    const lane = model.lanes.get(laneId);
    if (lane === undefined) return [];
    // Whatever has a note was delivered, and so was everything before it.
    const deliveredEnd = Math.max(lane.reach ?? REACH_STEP, ...[...lane.notes.keys()].map((seq) => seq + 1));
    return [...lane.messages]
      .sort(([a], [b]) => a - b)
      .map(([seq, { id }]) => {
        const returnCount = lane.notes.get(seq)?.returnCount ?? 0;
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
