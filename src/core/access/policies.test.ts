import { describe, expect, test } from 'vitest';
import { type PlainValue, plainTable, tableOf } from '../../codec/field-table.ts';
import { type Policy, PolicyError, PolicyTable } from './policies.ts';

type Definition = { [key: string]: PlainValue };

function policy(name: string, definition: Definition, more: Partial<Policy> = {}): Policy {
  return {
    name,
    vhost: '/',
    pattern: '.*',
    applyTo: 'all',
    priority: 0,
    definition: tableOf(definition),
    ...more,
  };
}

function tableWith(...policies: Policy[]): PolicyTable {
  const table = new PolicyTable();
  for (const each of policies) table.set(each);
  return table;
}

function refusal(definition: Definition, more: Partial<Policy> = {}): string {
  try {
    tableWith(policy('p', definition, more));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    expect(error.code).toBe('policy-invalid');
    return error.message;
  }
  throw new Error('the policy was accepted');
}

describe('which policy applies', () => {
  test('the one with the highest priority whose pattern matches, alone', () => {
    const table = tableWith(
      policy('low', { expires: 1 }),
      policy('high', { 'max-length': 2 }, { priority: 9, pattern: '^orders' }),
    );
    expect(table.effective('queue', 'orders.new').policy?.name).toBe('high');
    expect(plainTable(table.effective('queue', 'orders.new').definition)).toEqual({ 'max-length': 2 });
    expect(table.effective('queue', 'other').policy?.name).toBe('low');
  });

  test('of equal priority the first by name', () => {
    const table = tableWith(policy('b', { expires: 1 }), policy('a', { expires: 1 }));
    expect(table.effective('queue', 'q').policy?.name).toBe('a');
  });

  test('none when none matches', () => {
    const table = tableWith(policy('p', { expires: 1 }, { pattern: '^x$' }));
    const effective = table.effective('queue', 'q');
    expect(effective.policy).toBeUndefined();
    expect(effective.operatorPolicy).toBeUndefined();
    expect(effective.definition.size).toBe(0);
  });

  test.each<[Policy['applyTo'], string]>([
    ['all', 'classic quorum stream exchange'],
    ['queues', 'classic quorum stream'],
    ['classic_queues', 'classic'],
    ['quorum_queues', 'quorum'],
    ['streams', 'stream'],
    ['exchanges', 'exchange'],
  ])('apply-to %s means %s', (applyTo, expected) => {
    const table = tableWith(policy('p', { 'max-length': 1 }, { applyTo }));
    const types = ['classic', 'quorum', 'stream'].filter(
      (type) => table.effective('queue', 'n', type).policy,
    );
    if (table.effective('exchange', 'n').policy) types.push('exchange');
    expect(types.join(' ')).toBe(expected);
  });

  test('one with a key that the queue type does not have is passed over', () => {
    const table = tableWith(
      policy('mirrors', { 'ha-mode': 'all' }, { priority: 2 }),
      policy('limits', { 'delivery-limit': 5 }, { priority: 1 }),
      policy('rest', { 'max-length': 1 }),
    );
    expect(table.effective('queue', 'q', 'classic').policy?.name).toBe('mirrors');
    expect(table.effective('queue', 'q', 'quorum').policy?.name).toBe('limits');
    table.delete('mirrors');
    expect(table.effective('queue', 'q', 'classic').policy?.name).toBe('rest');
  });

  test('a delivery limit counts for classic queues when the policy is for them', () => {
    const table = tableWith(policy('p', { 'delivery-limit': 5 }, { applyTo: 'classic_queues' }));
    expect(table.effective('queue', 'q', 'classic').policy?.name).toBe('p');
  });

  test('a policy replaces the one of its name, and is gone when deleted', () => {
    const table = tableWith(policy('p', { expires: 1 }), policy('p', { expires: 2 }, { priority: 3 }));
    expect(table.policies.map(({ priority }) => priority)).toEqual([3]);
    expect(table.delete('p')?.name).toBe('p');
    expect(table.delete('p')).toBeUndefined();
    expect(table.policies).toEqual([]);
  });
});

describe('operator policies', () => {
  function merged(own: Definition, operator: Definition): Record<string, unknown> {
    const table = tableWith(policy('own', own));
    table.setOperator(policy('operator', operator));
    return plainTable(table.effective('queue', 'q', 'quorum').definition);
  }

  test('cap numbers, and win for everything else', () => {
    expect(merged({ 'max-length': 10, expires: 5 }, { 'max-length': 20, expires: 1 })).toEqual({
      'max-length': 10,
      expires: 1,
    });
    expect(merged({ overflow: 'drop-head' }, { overflow: 'reject-publish' })).toEqual({
      overflow: 'reject-publish',
    });
  });

  test('keep a retry from coming sooner or later than they say', () => {
    const own = { 'delayed-retry-type': 'all', 'delayed-retry-min': 5, 'delayed-retry-max': 100 };
    expect(merged(own, { 'delayed-retry-min': 10, 'delayed-retry-max': 50 })).toEqual({
      'delayed-retry-type': 'all',
      'delayed-retry-min': 10,
      'delayed-retry-max': 50,
    });
  });

  test('a delivery limit beats none, whoever sets it', () => {
    expect(merged({ 'delivery-limit': -1 }, { 'delivery-limit': 5 })).toEqual({ 'delivery-limit': 5 });
    expect(merged({ 'delivery-limit': 7 }, { 'delivery-limit': -1 })).toEqual({ 'delivery-limit': 7 });
  });

  test('add their keys, and stand alone', () => {
    expect(merged({ expires: 5 }, { 'message-ttl': 1 })).toEqual({ expires: 5, 'message-ttl': 1 });
    const table = new PolicyTable();
    table.setOperator(policy('operator', { expires: 1 }));
    expect(table.effective('queue', 'q').operatorPolicy?.name).toBe('operator');
    expect(table.deleteOperator('operator')?.name).toBe('operator');
    expect(table.operatorPolicies).toEqual([]);
  });

  test('have only keys that limit', () => {
    const table = new PolicyTable();
    expect(() => table.setOperator(policy('o', { 'dead-letter-exchange': 'x' }))).toThrow(
      "'dead-letter-exchange' is not a key of such policies; the keys are outcome-ttl, message-ttl, expires,",
    );
  });
});

describe('what is refused', () => {
  test.each<[string, PlainValue]>([
    ['message-ttl', -1],
    ['message-ttl', '5'],
    ['expires', 0],
    ['max-length', 1.5],
    ['overflow', 'drop-tail'],
    ['overflow', 1],
    ['dead-letter-exchange', 1],
    ['queue-version', 3],
    ['max-age', '7 days'],
    ['delivery-limit', null],
    ['delayed-retry-exponential', 1],
    ['stream-filter-size-bytes', 15],
    ['unheard-of', 1],
  ])('%s: %s', (key, value) => {
    expect(refusal({ [key]: value })).toContain(key);
  });

  test('names the policy, the value and what is allowed', () => {
    expect(refusal({ expires: 0 })).toBe(
      "policy 'p' in vhost '/': expires is 0, but must be a whole number from 1 up",
    );
    expect(refusal({ overflow: 'x' })).toContain("overflow is 'x', but must be one of 'drop-head', ");
  });

  test('a policy without a definition, or with a broken pattern, target or priority', () => {
    expect(refusal({})).toContain('empty');
    expect(refusal({ expires: 1 }, { pattern: '(' })).toContain("'('");
    expect(refusal({ expires: 1 }, { applyTo: 'people' as Policy['applyTo'] })).toContain("'people'");
    expect(refusal({ expires: 1 }, { priority: 0.5 })).toContain('priority is 0.5');
  });

  test('delayed retry without a minimum, or with a maximum below it', () => {
    expect(refusal({ 'delayed-retry-type': 'all' })).toContain('needs delayed-retry-min');
    expect(refusal({ 'delayed-retry-min': 5, 'delayed-retry-max': 4 })).toContain(
      'at least delayed-retry-min, 5',
    );
  });

  test('changes nothing', () => {
    const table = tableWith(policy('p', { expires: 1 }));
    expect(() => table.set(policy('p', { expires: 0 }))).toThrow(PolicyError);
    expect(table.effective('queue', 'q').policy).toBeDefined();
  });
});
