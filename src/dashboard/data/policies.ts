/** Policies of both kinds, and what their patterns match. */
import { queryText, segment } from './http.ts';

export const POLICY_TARGETS = [
  'all',
  'queues',
  'classic_queues',
  'quorum_queues',
  'streams',
  'exchanges',
] as const;
export type PolicyTarget = (typeof POLICY_TARGETS)[number];

export interface PolicyRow {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly 'apply-to': PolicyTarget;
  readonly definition: Readonly<Record<string, unknown>>;
  readonly priority: number;
}

/** - operator: caps on what others ask for. */
export type PolicyKind = 'user' | 'operator';

/** The policies of a vhost, or of all. */
export function policiesPath(kind: PolicyKind, vhost: string | undefined): string {
  const path = kind === 'user' ? '/api/policies' : '/api/operator-policies';
  return vhost === undefined ? path : `${path}/${segment(vhost)}`;
}

export function policyPath(kind: PolicyKind, vhost: string, name: string): string {
  return `${policiesPath(kind, vhost)}/${segment(name)}`;
}

export interface Candidate {
  readonly name: string;
  /** Of a queue. */
  readonly type?: string;
}

export interface CandidatesAnswer {
  readonly items: readonly Candidate[];
  readonly filtered_count: number;
}

const CANDIDATES_MAX = 500;

/** Those whose names may match, in any case of letters: the first of them, and how many there are. */
export function candidatesPath(of: 'queues' | 'exchanges', vhost: string, pattern: string): string {
  const query = { page: 1, page_size: CANDIDATES_MAX, name: pattern, use_regex: true, columns: 'name,type' };
  return `/api/${of}/${segment(vhost)}${queryText({ ...query, disable_stats: true })}`;
}

export function targetsOf(applyTo: PolicyTarget): readonly ('queues' | 'exchanges')[] {
  if (applyTo === 'all') return ['queues', 'exchanges'];
  return [applyTo === 'exchanges' ? 'exchanges' : 'queues'];
}

export interface Matches {
  readonly names: readonly string[];
  /** There are more than were looked at. */
  readonly isPart: boolean;
}

/** What of the candidates a policy is for: names match in their case of letters, queues of its types. */
export function matchesOf(
  { items, filtered_count }: CandidatesAnswer,
  pattern: string,
  applyTo: PolicyTarget,
): Matches {
  const exact = patternOf(pattern);
  const type = QUEUE_TYPES.get(applyTo);
  const matching = items.filter(
    (item) => (exact?.test(item.name) ?? true) && (type === undefined || item.type === type),
  );
  return { names: matching.map(({ name }) => name), isPart: filtered_count > items.length };
}

const QUEUE_TYPES: ReadonlyMap<PolicyTarget, string> = new Map([
  ['classic_queues', 'classic'],
  ['quorum_queues', 'quorum'],
  ['streams', 'stream'],
]);

/** Undefined for what only the broker can read, as classes such as `[:alpha:]`, which are other ones here. */
function patternOf(pattern: string): RegExp | undefined {
  if (pattern.includes('[:')) return undefined;
  try {
    return pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'i') : new RegExp(pattern);
  } catch {
    return undefined;
  }
}
