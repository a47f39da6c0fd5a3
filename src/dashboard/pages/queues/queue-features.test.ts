import { describe, expect, it } from 'vitest';
import type { QueueFeatures } from '../../data/queues.ts';
import { featuresOf } from './queue-features.ts';

function queue(changes: Partial<QueueFeatures>): QueueFeatures {
  return {
    type: 'classic',
    durable: true,
    auto_delete: false,
    exclusive: false,
    arguments: {},
    policy: null,
    effective_policy_definition: {},
    ...changes,
  };
}

describe('the features of a queue', () => {
  it('are what it was declared with', () => {
    const features = featuresOf(queue({ durable: false, auto_delete: true, exclusive: true }));
    expect(features).toEqual([{ kind: 'transient' }, { kind: 'auto-delete' }, { kind: 'exclusive' }]);
  });

  it('come from arguments and from a policy', () => {
    const args = { 'x-message-ttl': 5000, 'x-dead-letter-exchange': '', 'x-single-active-consumer': false };
    const features = featuresOf(
      queue({ arguments: args, effective_policy_definition: { 'max-length': 10 } }),
    );
    expect(features).toEqual([
      { kind: 'durable' },
      { kind: 'message-ttl', value: 5000 },
      { kind: 'dead-letter-exchange', value: '' },
      { kind: 'max-length', value: 10 },
    ]);
  });

  it('are the smaller one of two limits', () => {
    const both = { arguments: { 'x-max-length': 20 }, effective_policy_definition: { 'max-length': 10 } };
    expect(featuresOf(queue(both))).toContainEqual({ kind: 'max-length', value: 10 });
  });
});
