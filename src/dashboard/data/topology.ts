/** What the topology is made of, and where a message would go. Of each thing only the fields that the graph shows. */
import { type UseMutationResult, type UseQueryResult, useMutation } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type ApiError, queryText, request, segment } from './http.ts';
import { useLive, useOnce } from './live-data.tsx';

/** Absent where nothing was counted yet, or statistics are off. */
interface RateDetails {
  readonly rate: number;
}

export interface TopologyExchange {
  readonly name: string;
  readonly type: string;
  readonly policy?: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly message_stats?: {
    readonly publish_in?: number;
    readonly publish_in_details?: RateDetails;
    readonly publish_out_details?: RateDetails;
  };
}

export interface TopologyQueue {
  readonly name: string;
  readonly type: string;
  /** running, or paused. */
  readonly state: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly effective_policy_definition?: Readonly<Record<string, unknown>> | null;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly consumers?: number;
  readonly message_stats?: {
    readonly publish_details?: RateDetails;
    readonly deliver_get_details?: RateDetails;
  };
}

export interface TopologyBinding {
  readonly source: string;
  readonly destination: string;
  readonly destination_type: string;
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface TopologyConsumer {
  readonly consumer_tag: string;
  readonly queue: { readonly name: string };
  /** Absent for consumers that are of no connection. */
  readonly channel_details?: { readonly connection_name?: string; readonly user?: string } | null;
}

export interface TopologyPolicy {
  readonly name: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

export interface TopologyAnswers {
  readonly exchanges: readonly TopologyExchange[];
  readonly queues: readonly TopologyQueue[];
  readonly bindings: readonly TopologyBinding[];
  readonly consumers: readonly TopologyConsumer[];
  readonly policies: readonly TopologyPolicy[];
}

const EXCHANGE_COLUMNS = [
  'name',
  'type',
  'policy',
  'arguments',
  'message_stats.publish_in',
  'message_stats.publish_in_details.rate',
  'message_stats.publish_out_details.rate',
];
const QUEUE_COLUMNS = [
  'name',
  'type',
  'state',
  'arguments',
  'effective_policy_definition',
  'messages',
  'messages_ready',
  'consumers',
  'message_stats.publish_details.rate',
  'message_stats.deliver_get_details.rate',
];
const BINDING_COLUMNS = ['source', 'destination', 'destination_type', 'routing_key', 'arguments'];
const CONSUMER_COLUMNS = [
  'consumer_tag',
  'queue.name',
  'channel_details.connection_name',
  'channel_details.user',
];

export interface TopologyQuery {
  readonly answers: TopologyAnswers | undefined;
  /** The first that was refused. */
  readonly error: ApiError | null;
  retry(): void;
}

/** All that is in a vhost, live. The broker sends a list again only when it has changed, and long lists less often. */
export function useTopology(vhost: string | undefined): TopologyQuery {
  const exchanges = useLive<readonly TopologyExchange[]>(listPath('exchanges', vhost, EXCHANGE_COLUMNS));
  const queues = useLive<readonly TopologyQueue[]>(listPath('queues', vhost, QUEUE_COLUMNS));
  const bindings = useLive<readonly TopologyBinding[]>(listPath('bindings', vhost, BINDING_COLUMNS));
  const consumers = useLive<readonly TopologyConsumer[]>(listPath('consumers', vhost, CONSUMER_COLUMNS));
  // An exchange names its policy only; what the policy says, as an alternate exchange, is in the list of policies.
  const hasPolicy = exchanges.data?.some(({ policy }) => policy !== undefined) === true;
  const policies = useOnce<readonly TopologyPolicy[]>(
    hasPolicy ? listPath('policies', vhost, ['name', 'definition']) : undefined,
  );
  const queries: readonly UseQueryResult<unknown, ApiError>[] = [exchanges, queues, bindings, consumers];
  return {
    answers: useAnswers({
      exchanges: exchanges.data,
      queues: queues.data,
      bindings: bindings.data,
      consumers: consumers.data,
      policies: policies.data,
    }),
    error: queries.find(({ error }) => error !== null)?.error ?? null,
    retry: () => {
      for (const query of queries) if (query.error !== null) void query.refetch();
    },
  };
}

type PartialAnswers = { readonly [K in keyof TopologyAnswers]: TopologyAnswers[K] | undefined };

/** Undefined until all lists are there, but for the policies. The same object for as long as they are: a graph is made of it. */
function useAnswers(lists: PartialAnswers): TopologyAnswers | undefined {
  const { exchanges, queues, bindings, consumers, policies } = lists;
  return useMemo(() => {
    if (!exchanges || !queues || !bindings || !consumers) return undefined;
    return { exchanges, queues, bindings, consumers, policies: policies ?? [] };
  }, [exchanges, queues, bindings, consumers, policies]);
}

function listPath(list: string, vhost: string | undefined, columns: readonly string[]): string | undefined {
  if (vhost === undefined) return undefined;
  return `/api/${list}/${segment(vhost)}${queryText({ columns: columns.join(',') })}`;
}

// ---- where a message would go ----

export interface RouteQuestion {
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface ExplainedBinding {
  readonly destination: string;
  readonly destination_type: string;
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly matched: boolean | 'by chance';
  readonly why: string;
}

export interface ExplainedExchange {
  readonly exchange: string;
  readonly type: string;
  /** How the message comes here: publish, binding, or alternate. */
  readonly reached_by: string;
  readonly from: string | null;
  readonly bindings_total: number;
  readonly bindings_matched: number;
  /** Not all of very many. */
  readonly bindings: readonly ExplainedBinding[];
  readonly alternate_exchange: { readonly name: string; readonly used: boolean; readonly why: string } | null;
}

export interface ExplainedQueue {
  readonly queue: string;
  readonly by_chance: boolean;
  /** False: the queue would refuse the message. */
  readonly takes: boolean;
  readonly notes: readonly { readonly code: string; readonly text: string }[];
}

export interface RouteExplanation {
  readonly exchange: string;
  readonly permission: { readonly allowed: boolean; readonly why: string };
  /** A sentence. */
  readonly result: string;
  readonly exchanges: readonly ExplainedExchange[];
  readonly queues: readonly ExplainedQueue[];
}

/** Nothing is published by asking. */
export function useRouteExplanation(): UseMutationResult<RouteExplanation, ApiError, RouteQuestion> {
  return useMutation<RouteExplanation, ApiError, RouteQuestion>({ mutationFn: askRoute });
}

function askRoute({ vhost, exchange, routingKey, headers }: RouteQuestion): Promise<RouteExplanation> {
  const query = queryText({
    vhost,
    exchange,
    routing_key: routingKey,
    headers: Object.keys(headers).length === 0 ? undefined : JSON.stringify(headers),
  });
  return request<RouteExplanation>('GET', `/v1/explain/route${query}`);
}
