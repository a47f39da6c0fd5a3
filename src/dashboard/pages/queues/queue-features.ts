import type { QueueFeatures } from '../../data/queues.ts';

/** What may be set by an argument, with `x-` before it, or by a policy. */
export const SETTINGS = [
  'message-ttl',
  'expires',
  'dead-letter-exchange',
  'max-length',
  'max-length-bytes',
  'max-priority',
  'single-active-consumer',
  'delivery-limit',
] as const;

export type Setting = (typeof SETTINGS)[number];
type Flag = 'durable' | 'transient' | 'auto-delete' | 'exclusive';

export type Feature =
  | { readonly kind: Flag }
  | { readonly kind: Setting; readonly value: string | number | boolean };

/** What is worth a mark beside the name of a queue. */
export function featuresOf(queue: QueueFeatures): readonly Feature[] {
  const features: Feature[] = [{ kind: queue.durable ? 'durable' : 'transient' }];
  if (queue.auto_delete) features.push({ kind: 'auto-delete' });
  if (queue.exclusive) features.push({ kind: 'exclusive' });
  for (const kind of SETTINGS) {
    const value = settingOf(queue, kind);
    if (isSaid(value)) features.push({ kind, value });
  }
  return features;
}

/** The broker takes the smaller one of two numbers; of anything else that of the queue. */
function settingOf(
  { arguments: args, effective_policy_definition: policy }: QueueFeatures,
  kind: Setting,
): unknown {
  const own = args[`x-${kind}`];
  const byPolicy = policy[kind];
  if (typeof own === 'number' && typeof byPolicy === 'number') return Math.min(own, byPolicy);
  return own ?? byPolicy;
}

function isSaid(value: unknown): value is string | number | true {
  return typeof value === 'string' || typeof value === 'number' || value === true;
}
