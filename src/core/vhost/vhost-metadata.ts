import { type QueueType, queueTypeOf } from '../arguments/queue-arguments.ts';
import type { VhostDefinition } from '../definitions/definition.ts';

/** What an operator says about a vhost. */
export interface VhostMetadata {
  readonly description: string;
  readonly tags: readonly string[];
  /** The type of queues that are declared without one; undefined: classic. */
  readonly defaultQueueType: QueueType | undefined;
  /** Whether what is published and delivered goes to amq.rabbitmq.trace, too. */
  readonly tracing: boolean;
}

/** What was recorded of it; undefined: of a new vhost. */
export function metadataOf(restored: VhostDefinition | undefined): VhostMetadata {
  return {
    description: restored?.description ?? '',
    tags: restored?.tags ?? [],
    defaultQueueType: queueTypeOf(restored?.defaultQueueType),
    tracing: restored?.tracing === true,
  };
}

/** As it is recorded: what says nothing is left out. */
export function definitionOfMetadata(metadata: VhostMetadata): Partial<VhostDefinition> {
  const { description, tags, defaultQueueType, tracing } = metadata;
  return {
    description: description === '' ? undefined : description,
    tags: tags.length === 0 ? undefined : tags,
    defaultQueueType,
    tracing: tracing ? true : undefined,
  };
}
