/** Virtual hosts: what they are, and what goes through them. */
import { segment } from './http.ts';
import type { Limits } from './users.ts';

interface Rate {
  readonly rate: number;
}

export interface VhostRow {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly default_queue_type: string;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  /** Absent before the first message. */
  readonly message_stats?: {
    readonly publish_details?: Rate;
    readonly deliver_get_details?: Rate;
  };
}

/** Those that have any. */
export interface VhostLimitsRow {
  readonly vhost: string;
  readonly value: Limits;
}

export interface ConnectionVhost {
  readonly vhost: string;
}

export function vhostPath(name: string): string {
  return `/api/vhosts/${segment(name)}`;
}

/** How many connections each vhost has; those without any are not in it. */
export function connectionCounts(connections: readonly ConnectionVhost[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { vhost } of connections) counts.set(vhost, (counts.get(vhost) ?? 0) + 1);
  return counts;
}

/** Undefined as long as nothing was published or delivered. */
export function ratesOf({ message_stats: stats }: VhostRow): { readonly in?: number; readonly out?: number } {
  return {
    ...(stats?.publish_details === undefined ? {} : { in: stats.publish_details.rate }),
    ...(stats?.deliver_get_details === undefined ? {} : { out: stats.deliver_get_details.rate }),
  };
}
