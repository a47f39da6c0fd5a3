/**
 * Queues with `servers` equal servers, Poisson arrivals and exponential service times (M/M/c), in the steady state. Times are in
 * seconds, rates per second.
 */

const SERVERS_MAX = 1_000_000;

/** Erlang's C: the share of arrivals that find all servers busy. `load` is arrival rate / service rate, less than `servers`. */
export function waitingShare(servers: number, load: number): number {
  const blocking = blockingShare(servers, load);
  return blocking / (1 - (load / servers) * (1 - blocking));
}

/** Mean time from arrival to the end of the service. Infinity when more arrives than the servers can do. */
export function meanTimeInSystem(servers: number, arrivalRate: number, serviceRate: number): number {
  const load = arrivalRate / serviceRate;
  if (load >= servers) return Number.POSITIVE_INFINITY;
  return waitingShare(servers, load) / (servers * serviceRate - arrivalRate) + 1 / serviceRate;
}

/** The fewest servers for a mean time in the system of at most `target`; undefined when no number is enough. */
export function serversFor(target: number, arrivalRate: number, serviceRate: number): number | undefined {
  if (1 / serviceRate > target) return undefined;
  const load = arrivalRate / serviceRate;
  if (load >= SERVERS_MAX) return undefined;
  let blocking = 1;
  for (let servers = 1; servers <= SERVERS_MAX; servers++) {
    blocking = (load * blocking) / (servers + load * blocking);
    if (servers <= load) continue;
    const waiting = blocking / (1 - (load / servers) * (1 - blocking));
    if (waiting / (servers * serviceRate - arrivalRate) + 1 / serviceRate <= target) return servers;
  }
  return undefined;
}

/** Erlang's B, by its recursion, which neither overflows nor loses digits. */
function blockingShare(servers: number, load: number): number {
  let blocking = 1;
  for (let count = 1; count <= servers; count++) blocking = (load * blocking) / (count + load * blocking);
  return blocking;
}
