import { segment } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { vhostPath } from '../../data/vhosts.ts';

interface PageCount {
  readonly total_count: number;
}

/** What a vhost holds; undefined until it is known. */
export interface VhostCounts {
  readonly queueCount: number | undefined;
  readonly connectionCount: number | undefined;
}

export function useVhostCounts(name: string): VhostCounts {
  const first = 'page=1&page_size=1&columns=name&disable_stats=true';
  const queues = useLive<PageCount>(`/api/queues/${segment(name)}?${first}`);
  const connections = useLive<readonly unknown[]>(`${vhostPath(name)}/connections?columns=vhost`);
  return { queueCount: queues.data?.total_count, connectionCount: connections.data?.length };
}
