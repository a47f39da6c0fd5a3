/**
 * Where a message would go, and why, step by step: the exchange it is published to, its bindings, the exchanges that they or
 * an alternate exchange lead to, and the queues in the end. Nothing is published. It says what `RouteFinder` does; a test
 * compares them.
 */
import type { FieldTable } from '../../codec/field-table.ts';
import type { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import type { RoutedMessage } from '../routing/router.ts';
import type { Binding, Destination, Exchange } from '../vhost/exchange.ts';
import { routingKeys } from '../vhost/route-finder.ts';
import type { VirtualHost } from '../vhost/virtual-host.ts';
import { type AcceptanceNote, explainAcceptance } from './acceptance-explanation.ts';

/** Bindings that are shown of one exchange: of those that match, and of those that do not. The others are counted. */
const MATCHED_SHOWN_MAX = 1000;
const UNMATCHED_SHOWN_MAX = 100;
const WHY_CHARACTERS_MAX = 500;

export interface ExplainedBinding {
  readonly destinationKind: Destination['kind'];
  readonly destination: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
  /** Undefined: chance decides, anew for each message. */
  readonly matches: boolean | undefined;
  readonly why: string;
}

export interface ExplainedExchange {
  readonly exchange: Exchange;
  /** How the message came here. */
  readonly reachedBy: 'publish' | 'binding' | 'alternate-exchange';
  /** The exchange it came from; undefined for the one it is published to. */
  readonly from: string | undefined;
  readonly bindingCount: number;
  readonly matchedCount: number;
  /** Those that match come first. */
  readonly bindings: readonly ExplainedBinding[];
  /** The alternate exchange and what becomes of it; undefined when there is none. */
  readonly alternate: { readonly name: string; readonly isUsed: boolean; readonly why: string } | undefined;
}

export interface ExplainedTarget {
  readonly queue: Queue;
  /** Chance decides whether a message goes here. */
  readonly byChance: boolean;
  /** False: the queue would refuse the message now. */
  readonly takes: boolean;
  readonly notes: readonly AcceptanceNote[];
}

export interface RouteExplanation {
  /** The routing key, and those of CC and BCC. */
  readonly routingKeys: readonly string[];
  /** The exchange deduplicates, and remembers the message: it would be confirmed, and go nowhere. */
  readonly isRepeated: boolean;
  readonly exchanges: readonly ExplainedExchange[];
  readonly targets: readonly ExplainedTarget[];
}

/**
 * Yields after each binding, so that whoever asks can do it in slices; bindings that come or go meanwhile may be missing or too
 * many. Throws ChannelError 406 for malformed CC or BCC.
 */
export function* explainRoute(
  vhost: VirtualHost,
  exchange: Exchange,
  publication: Publication,
): Generator<void, RouteExplanation> {
  const keys = routingKeys(publication) ?? [publication.routingKey];
  const steps: Step[] = [{ exchange, reachedBy: 'publish', from: undefined, byChance: false }];
  const visited = new Set<Destination>([exchange]);
  const exchanges: ExplainedExchange[] = [];
  const targets = new Map<Queue, boolean>();
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    const { explained, found } = yield* explainStep(vhost, step, publication, keys);
    exchanges.push(explained);
    for (const { destination, byChance, reachedBy } of found) {
      if (destination.kind === 'queue') {
        targets.set(destination, (targets.get(destination) ?? true) && byChance);
      } else if (!visited.has(destination)) {
        visited.add(destination);
        steps.push({ exchange: destination, reachedBy, from: step.exchange.name, byChance });
      }
    }
  }
  const bodyBytes = publication.bodyEnd - publication.bodyStart;
  const explainedTargets = [...targets].map(([queue, byChance]) => {
    const notes = explainAcceptance(
      queue,
      bodyBytes,
      publication.expirationMs,
      isRepeatedIn(vhost, queue, publication),
    );
    return { queue, byChance, takes: !notes.some(({ refuses }) => refuses), notes };
  });
  const isRepeated =
    exchange.deduplication !== undefined && vhost.deduplication.isRepeatedAt(exchange, publication);
  return { routingKeys: keys, isRepeated, exchanges, targets: explainedTargets };
}

function isRepeatedIn(vhost: VirtualHost, queue: Queue, publication: Publication): boolean {
  return queue.settings.deduplication !== undefined && vhost.deduplication.isRepeatedIn(queue, publication);
}

interface Step {
  readonly exchange: Exchange;
  readonly reachedBy: ExplainedExchange['reachedBy'];
  readonly from: string | undefined;
  readonly byChance: boolean;
}

interface Found {
  readonly destination: Destination;
  readonly byChance: boolean;
  readonly reachedBy: 'binding' | 'alternate-exchange';
}

function* explainStep(
  vhost: VirtualHost,
  step: Step,
  publication: Publication,
  keys: readonly string[],
): Generator<void, { explained: ExplainedExchange; found: readonly Found[] }> {
  const { exchange, reachedBy, from } = step;
  const matched: ExplainedBinding[] = [];
  const unmatched: ExplainedBinding[] = [];
  const found: Found[] = [];
  let [bindingCount, matchedCount] = [0, 0];
  for (const { destination, explained } of explainedBindings(vhost, exchange, publication, keys)) {
    bindingCount++;
    if (explained.matches === false) {
      if (unmatched.length < UNMATCHED_SHOWN_MAX) unmatched.push(explained);
    } else {
      matchedCount++;
      const byChance = step.byChance || explained.matches === undefined;
      found.push({ destination, byChance, reachedBy: 'binding' });
      if (matched.length < MATCHED_SHOWN_MAX) matched.push(explained);
    }
    yield;
  }
  const alternate = explainAlternate(vhost, exchange, found.length > 0);
  if (alternate?.exchange !== undefined && alternate.isUsed) {
    const { exchange: destination } = alternate;
    found.push({ destination, byChance: step.byChance, reachedBy: 'alternate-exchange' });
  }
  const bindings = [...matched, ...unmatched];
  const explained = { exchange, reachedBy, from, bindingCount, matchedCount, bindings, alternate };
  return { explained, found };
}

interface DestinationBinding {
  readonly destination: Destination;
  readonly explained: ExplainedBinding;
}

function* explainedBindings(
  vhost: VirtualHost,
  exchange: Exchange,
  publication: Publication,
  keys: readonly string[],
): Generator<DestinationBinding> {
  if (exchange.name === '') {
    for (const key of keys) yield* explainDefault(vhost, key);
    return;
  }
  const { router } = exchange;
  const routed = router.routesEachKey ? keys : keys.slice(0, 1);
  const explainers = routed.map((key) => router.explain(withKey(publication, key)));
  for (const binding of [...exchange.bindings.values()]) {
    const verdicts = explainers.map((explain) => explain(binding));
    const verdict = verdicts.find(({ matches }) => matches !== false) ?? verdicts[0];
    if (verdict !== undefined)
      yield { destination: binding.destination, explained: explainedBinding(binding, verdict) };
  }
}

/** The default exchange has a binding to each queue by its name; only the one that the routing key names is shown. */
function* explainDefault({ queues }: VirtualHost, key: string): Generator<DestinationBinding> {
  const queue = queues.get(key);
  if (queue === undefined) return;
  const binding = { destination: queue, routingKey: key, arguments: NO_ARGUMENTS };
  const why = 'the default exchange leads to the queue that the routing key names';
  yield { destination: queue, explained: explainedBinding(binding, { matches: true, why }) };
}

const NO_ARGUMENTS: FieldTable = new Map();

function withKey(publication: Publication, routingKey: string): RoutedMessage {
  return {
    routingKey,
    headers: () => publication.headers(),
    properties: () => publication.properties(),
  };
}

function explainedBinding(
  { destination, routingKey, arguments: args }: Pick<Binding, 'destination' | 'routingKey' | 'arguments'>,
  { matches, why }: { readonly matches: boolean | undefined; readonly why: string },
): ExplainedBinding {
  return {
    destinationKind: destination.kind,
    destination: destination.name,
    routingKey,
    arguments: args,
    matches,
    why: why.length <= WHY_CHARACTERS_MAX ? why : `${why.slice(0, WHY_CHARACTERS_MAX)}...`,
  };
}

interface Alternate {
  readonly name: string;
  readonly exchange: Exchange | undefined;
  readonly isUsed: boolean;
  readonly why: string;
}

function explainAlternate(vhost: VirtualHost, exchange: Exchange, hasMatch: boolean): Alternate | undefined {
  const name = exchange.alternateExchange;
  if (name === undefined) return undefined;
  const alternate = vhost.exchanges.get(name);
  const isUsed = !hasMatch && alternate !== undefined;
  if (hasMatch) return { name, exchange: alternate, isUsed, why: 'not used: a binding took the message' };
  const why =
    alternate === undefined
      ? `no binding took the message, but there is no exchange '${name}' in the vhost`
      : 'no binding took the message, so it goes here';
  return { name, exchange: alternate, isUsed, why };
}
