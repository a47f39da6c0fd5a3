/** A cluster that is measured: all its processes are on this machine. */
export interface ClusterSide {
  readonly name: string;
  /** What runs, with versions. */
  readonly versions: string;
  /** The x-queue-type of a replicated queue; undefined where every durable queue is one. */
  readonly queueType: string | undefined;
  /** The AMQP port of a node, now: where the queue lives, or where it does not. */
  port(entrance: Entrance): Promise<number>;
  /** Whose processor time counts. */
  pids(): readonly number[];
  close(): Promise<void>;
}

/** Where the load enters: the node that does the work for the queue, or another one that passes it on. */
export type Entrance = 'owner' | 'standby';

export const ENTRANCES: readonly Entrance[] = ['owner', 'standby'];
