/**
 * The policies of one vhost: settings for all queues and exchanges whose names match a pattern. Of the matching policies
 * the one with the highest priority counts, alone; beside it one operator policy, which caps what the other says.
 */
import { SHORTSTR_BYTES_MAX, utf8Length } from '../../codec/bytes.ts';
import type { Field, FieldTable } from '../../codec/field-table.ts';
import { OUTCOME_TTL_MAX_MS } from '../arguments/outcome-ttl.ts';
import { Pattern } from './pattern.ts';
import { PatternError } from './pattern-error.ts';

export type PolicyTarget = 'all' | 'queues' | 'classic_queues' | 'quorum_queues' | 'streams' | 'exchanges';

export interface Policy {
  readonly name: string;
  readonly vhost: string;
  /** Matched anywhere in the name unless it is anchored. */
  readonly pattern: string;
  readonly applyTo: PolicyTarget;
  readonly priority: number;
  /** Keys as in RabbitMQ: max-length, message-ttl, dead-letter-exchange. */
  readonly definition: FieldTable;
}

/** What holds for one queue or exchange. */
export interface EffectivePolicy {
  readonly policy?: Policy | undefined;
  readonly operatorPolicy?: Policy | undefined;
  /** Both merged; empty when neither applies. */
  readonly definition: FieldTable;
}

/** An operating error: a policy that cannot be. Its text is for the person who wrote the policy. */
export class PolicyError extends Error {
  readonly code = 'policy-invalid';

  constructor(policy: Policy, text: string) {
    super(`policy '${policy.name}' in vhost '${policy.vhost}': ${text}`);
    this.name = 'PolicyError';
  }
}

/** How a policy's and an operator policy's values of the same key become one. */
type Merge = 'lower' | 'higher' | 'operator';

interface PolicyKey {
  /** What a value must be, in words. */
  readonly allowed: string;
  readonly accepts: (field: Field) => boolean;
  /** Set: operator policies may have the key. */
  readonly merge?: Merge;
}

/** A message carries the name as a shortstr in its address. */
const name: PolicyKey = {
  allowed: `a string of at most ${SHORTSTR_BYTES_MAX} bytes`,
  accepts: ({ tag, value }) =>
    tag === 'S' && typeof value === 'string' && utf8Length(value) <= SHORTSTR_BYTES_MAX,
};
const anything: PolicyKey = { allowed: 'anything: it has no effect here', accepts: () => true };

/** Both bounds are allowed. */
function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): PolicyKey {
  const upTo = maximum === Number.MAX_SAFE_INTEGER ? 'up' : `to ${maximum}`;
  return {
    allowed: `a whole number from ${minimum} ${upTo}`,
    accepts: ({ value }) =>
      Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
  };
}

function oneOf(...allowed: readonly string[]): PolicyKey {
  const words = allowed.map((word) => `'${word}'`).join(', ');
  return { allowed: `one of ${words}`, accepts: ({ value }) => allowed.includes(String(value)) };
}

function operator(key: PolicyKey, merge: Merge): PolicyKey {
  return { ...key, merge };
}

const MAX_AGE = /^[1-9][0-9]*[YMDhms]$/;

const POLICY_KEYS: ReadonlyMap<string, PolicyKey> = new Map<string, PolicyKey>([
  ['alternate-exchange', name],
  ['consumer-timeout', wholeNumber(0)],
  ['outcome-ttl', operator(wholeNumber(0, OUTCOME_TTL_MAX_MS), 'lower')],
  ['dead-letter-exchange', name],
  ['dead-letter-routing-key', name],
  ['dead-letter-strategy', oneOf('at-most-once', 'at-least-once')],
  ['message-ttl', operator(wholeNumber(0), 'lower')],
  ['expires', operator(wholeNumber(1), 'lower')],
  ['max-length', operator(wholeNumber(0), 'lower')],
  ['max-length-bytes', operator(wholeNumber(0), 'lower')],
  ['max-in-memory-length', operator(wholeNumber(0), 'lower')],
  ['max-in-memory-bytes', operator(wholeNumber(0), 'lower')],
  ['overflow', operator(oneOf('drop-head', 'reject-publish', 'reject-publish-dlx'), 'operator')],
  // A negative limit means none (RabbitMQ 4).
  ['delivery-limit', operator(wholeNumber(Number.MIN_SAFE_INTEGER), 'lower')],
  ['delayed-retry-type', operator(oneOf('disabled', 'all', 'failed', 'returned'), 'operator')],
  ['delayed-retry-min', operator(wholeNumber(1), 'higher')],
  ['delayed-retry-max', operator(wholeNumber(1), 'lower')],
  [
    'delayed-retry-exponential',
    {
      allowed: 'true, false, or a factor above 1 and up to 100',
      accepts: ({ value }) =>
        typeof value === 'boolean' || (typeof value === 'number' && value > 1 && value <= 100),
    },
  ],
  ['queue-mode', oneOf('default', 'lazy')],
  ['queue-version', operator(wholeNumber(1, 2), 'operator')],
  ['queue-leader-locator', oneOf('client-local', 'balanced', 'random', 'least-leaders')],
  ['queue-master-locator', anything],
  ['initial-cluster-size', wholeNumber(0)],
  ['target-group-size', operator(wholeNumber(1), 'higher')],
  [
    'max-age',
    {
      allowed: "a number and a unit: Y, M, D, h, m or s, as in '7D'",
      accepts: ({ value }) => typeof value === 'string' && MAX_AGE.test(value),
    },
  ],
  ['stream-max-segment-size-bytes', wholeNumber(0, 3_000_000_000)],
  ['stream-filter-size-bytes', wholeNumber(16, 255)],
  // Mirroring: there is one copy of each queue here. Accepted so that definitions of RabbitMQ 3 can be imported.
  ['ha-mode', operator(anything, 'operator')],
  ['ha-params', operator(anything, 'operator')],
  ['ha-sync-mode', operator(anything, 'operator')],
  ['ha-sync-batch-size', anything],
  ['ha-promote-on-shutdown', anything],
  ['ha-promote-on-failure', anything],
]);

/** RabbitMQ: a policy with one of these keys does not apply to such a queue at all, and one of lower priority does. */
const INAPPLICABLE_KEYS: Readonly<Record<string, readonly string[]>> = {
  classic: [
    'max-age',
    'stream-max-segment-size-bytes',
    'queue-leader-locator',
    'initial-cluster-size',
    'delivery-limit',
    'dead-letter-strategy',
    'max-in-memory-length',
    'max-in-memory-bytes',
    'target-group-size',
  ],
  quorum: [
    'queue-mode',
    'ha-mode',
    'ha-params',
    'ha-sync-mode',
    'ha-promote-on-shutdown',
    'ha-promote-on-failure',
    'queue-master-locator',
    'max-age',
    'stream-max-segment-size-bytes',
    'initial-cluster-size',
  ],
};

const TARGETS: readonly PolicyTarget[] = [
  'all',
  'queues',
  'classic_queues',
  'quorum_queues',
  'streams',
  'exchanges',
];

interface Entry {
  readonly policy: Policy;
  readonly pattern: Pattern;
}

export class PolicyTable {
  readonly #policies = new PolicyList();
  readonly #operatorPolicies = new PolicyList();

  /** By descending priority. */
  get policies(): readonly Policy[] {
    return this.#policies.policies;
  }

  /** By descending priority. */
  get operatorPolicies(): readonly Policy[] {
    return this.#operatorPolicies.policies;
  }

  /** Adds the policy, or replaces the one of the same name. Throws PolicyError; nothing has changed then. */
  set(policy: Policy): void {
    const pattern = compile(policy);
    checkDefinition(policy, () => true);
    this.#policies.set({ policy, pattern });
  }

  /** Operator policies have the keys that limit what a queue may take, and no others. Throws PolicyError. */
  setOperator(policy: Policy): void {
    const pattern = compile(policy);
    checkDefinition(policy, (key) => key.merge !== undefined);
    this.#operatorPolicies.set({ policy, pattern });
  }

  /** Returns the policy that was deleted; undefined when there is none of that name. */
  delete(name: string): Policy | undefined {
    return this.#policies.delete(name);
  }

  deleteOperator(name: string): Policy | undefined {
    return this.#operatorPolicies.delete(name);
  }

  /** What applies to a queue or exchange of this name. Costs a match per policy: to be asked when something changed. */
  effective(kind: 'queue' | 'exchange', name: string, queueType: string = 'classic'): EffectivePolicy {
    const policy = this.#policies.match(kind, name, queueType);
    const operatorPolicy = this.#operatorPolicies.match(kind, name, queueType);
    return { policy, operatorPolicy, definition: merge(policy?.definition, operatorPolicy?.definition) };
  }
}

class PolicyList {
  /** **Invariant:** sorted by descending priority, then by name: the first match counts. */
  #entries: readonly Entry[] = [];

  get policies(): readonly Policy[] {
    return this.#entries.map((entry) => entry.policy);
  }

  set(entry: Entry): void {
    const others = this.#entries.filter((other) => other.policy.name !== entry.policy.name);
    this.#entries = [...others, entry].sort((a, b) => comparePolicies(a.policy, b.policy));
  }

  delete(name: string): Policy | undefined {
    const found = this.#entries.find((entry) => entry.policy.name === name);
    this.#entries = this.#entries.filter((entry) => entry !== found);
    return found?.policy;
  }

  match(kind: 'queue' | 'exchange', name: string, queueType: string): Policy | undefined {
    const found = this.#entries.find(({ policy, pattern }) => {
      return appliesTo(policy, kind, queueType) && pattern.test(name);
    });
    return found?.policy;
  }
}

function comparePolicies(a: Policy, b: Policy): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  return a.name < b.name ? -1 : 1;
}

function appliesTo(policy: Policy, kind: 'queue' | 'exchange', queueType: string): boolean {
  if (kind === 'exchange') return policy.applyTo === 'exchanges' || policy.applyTo === 'all';
  return targetsQueues(policy.applyTo, queueType) && hasNoInapplicableKey(policy, queueType);
}

function targetsQueues(target: PolicyTarget, queueType: string): boolean {
  switch (target) {
    case 'all':
    case 'queues':
      return true;
    case 'classic_queues':
      return queueType === 'classic';
    case 'quorum_queues':
      return queueType === 'quorum';
    case 'streams':
      return queueType === 'stream';
    case 'exchanges':
      return false;
  }
}

/**
 * Classic queues have a delivery limit here and none in RabbitMQ. A policy imported from there must not begin to drop
 * messages, so the limit counts only in a policy that says it is for classic queues.
 */
function hasNoInapplicableKey(policy: Policy, queueType: string): boolean {
  const inapplicable = INAPPLICABLE_KEYS[queueType] ?? [];
  return inapplicable.every((key) => {
    return !policy.definition.has(key) || (key === 'delivery-limit' && policy.applyTo === 'classic_queues');
  });
}

function merge(policy: FieldTable | undefined, operatorPolicy: FieldTable | undefined): FieldTable {
  const merged: FieldTable = new Map(policy);
  for (const [key, field] of operatorPolicy ?? []) {
    const own = merged.get(key);
    merged.set(key, own === undefined ? field : mergeFields(key, own, field));
  }
  return merged;
}

function mergeFields(key: string, own: Field, ofOperator: Field): Field {
  const rule = POLICY_KEYS.get(key)?.merge;
  const a = Number(own.value);
  const b = Number(ofOperator.value);
  // Of two delivery limits a negative one, which means none, never counts.
  if (key === 'delivery-limit' && Math.min(a, b) < 0) return a > b ? own : ofOperator;
  if (rule === 'lower') return a < b ? own : ofOperator;
  if (rule === 'higher') return a > b ? own : ofOperator;
  return ofOperator;
}

function compile(policy: Policy): Pattern {
  if (!Number.isSafeInteger(policy.priority)) {
    throw new PolicyError(policy, `priority is ${policy.priority}, but must be a whole number`);
  }
  if (!TARGETS.includes(policy.applyTo)) {
    throw new PolicyError(
      policy,
      `apply-to is '${policy.applyTo}', but must be one of ${TARGETS.join(', ')}`,
    );
  }
  try {
    return Pattern.compile(policy.pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new PolicyError(policy, error.message);
  }
}

function checkDefinition(policy: Policy, mayHave: (key: PolicyKey) => boolean): void {
  const { definition } = policy;
  if (definition.size === 0) throw new PolicyError(policy, 'the definition is empty: set at least one key');
  for (const [name, field] of definition) {
    const key = POLICY_KEYS.get(name);
    if (key === undefined || !mayHave(key)) throw unknownKey(policy, name, mayHave);
    if (!key.accepts(field)) {
      throw new PolicyError(policy, `${name} is ${valueText(field)}, but must be ${key.allowed}`);
    }
  }
  checkDelayedRetry(policy);
}

function unknownKey(policy: Policy, name: string, mayHave: (key: PolicyKey) => boolean): PolicyError {
  const known = [...POLICY_KEYS].filter(([, key]) => mayHave(key)).map(([key]) => key);
  return new PolicyError(policy, `'${name}' is not a key of such policies; the keys are ${known.join(', ')}`);
}

function checkDelayedRetry(policy: Policy): void {
  const type = policy.definition.get('delayed-retry-type')?.value;
  const minimum = policy.definition.get('delayed-retry-min')?.value;
  const maximum = policy.definition.get('delayed-retry-max')?.value;
  if (type !== undefined && type !== 'disabled' && minimum === undefined) {
    throw new PolicyError(policy, `delayed-retry-type is '${type}', which needs delayed-retry-min beside it`);
  }
  if (minimum !== undefined && maximum !== undefined && Number(maximum) < Number(minimum)) {
    throw new PolicyError(
      policy,
      `delayed-retry-max is ${maximum}, but must be at least delayed-retry-min, ${minimum}`,
    );
  }
}

function valueText(field: Field): string {
  return typeof field.value === 'string' ? `'${field.value}'` : String(field.value);
}
