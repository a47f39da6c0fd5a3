import { performance } from 'node:perf_hooks';
import type { StreamInfo } from '@nats-io/jetstream';
import type { BrokerEvent } from '../core/environment.ts';
import { StorageError } from '../storage/file/storage-error.ts';
import { streamMissing } from '../storage/jetstream/nats-answer.ts';
import type { NatsConnection } from '../storage/jetstream/nats-connection.ts';
import { streamInfo } from './cluster-streams.ts';
import { lookAtMonitors, type MonitoredServer } from './nats-monitor.ts';
import { faultsOf, REPLICAS_MIN, type WantedStream, wantedStreams } from './wanted-streams.ts';

export interface ProbeOptions {
  readonly cluster: string;
  /** The monitoring ports of all servers. Unless given: port 8222 of the hosts that the connection knows. */
  readonly monitorUrls?: readonly string[];
  /** How long is waited for servers that are not seen. */
  readonly patienceMs?: number;
  /** Faults are warnings only. */
  readonly acceptLoss: boolean;
  readonly onEvent: (event: BrokerEvent) => void;
}

/** The oldest version that keeps what it acknowledged, with the settings that are asked for here. */
const VERSION_MIN = '2.14.0';
const MONITOR_PORT = 8222;
/** Less would make entries so small that appends could not keep up. */
const PAYLOAD_BYTES_MIN = 64 * 1024;

/** A server that died is known to be down after ten seconds, and a stream has a new leader after nine at most. */
const PATIENCE_MS = 15_000;
const RETRY_MS = 500;

interface Found {
  readonly wanted: WantedStream;
  readonly info: StreamInfo;
}

interface View {
  readonly found: readonly Found[];
  readonly seen: readonly MonitoredServer[];
  /** The names of servers that have replicas, but were not seen; and those of which that is because they are down. */
  readonly unseen: readonly string[];
  readonly down: readonly string[];
  readonly monitorFaults: readonly string[];
}

/**
 * Looks whether the servers, streams and bucket of a cluster are as they must be, so that what was confirmed is never lost. Rejects with
 * NATS_UNSAFE that lists all that is not, with what to change. A server that is down cannot be looked at: that is a warning, because a
 * cluster is there to do without one.
 */
export async function probeCluster(connection: NatsConnection, options: ProbeOptions): Promise<void> {
  const view = await patientLook(connection, options);
  for (const name of view.down) {
    const text = `the NATS server ${name} is down or far behind: whether it is safe could not be looked at`;
    options.onEvent({ level: 'warn', text });
  }
  const faults = [
    ...view.seen.flatMap(faultsOfServer),
    ...payloadFaults(view.seen),
    ...view.unseen.map((name) => unseenFault(name, view, connection)),
    ...view.found.flatMap(({ wanted, info }) => faultsOf(wanted, info, REPLICAS_MIN)),
  ];
  if (faults.length > 0) report(faults, options);
}

async function patientLook(connection: NatsConnection, options: ProbeOptions): Promise<View> {
  const untilMs = performance.now() + (options.patienceMs ?? PATIENCE_MS);
  for (;;) {
    const isLate = performance.now() >= untilMs;
    try {
      const view = await look(connection, options);
      if (isLate || view.unseen.length === 0) return view;
    } catch (error) {
      if (isLate || !(error instanceof StorageError && error.code === 'NATS_UNREACHABLE')) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function look(connection: NatsConnection, options: ProbeOptions): Promise<View> {
  const found = await findStreams(connection, options.cluster);
  const { servers, faults } = await lookAtMonitors(options.monitorUrls ?? defaultMonitors(connection));
  const names = serversWith(found);
  const behind = serversBehind(found);
  const unseen = names.filter((name) => !servers.has(name));
  return {
    found,
    seen: names.map((name) => servers.get(name)).filter((server) => server !== undefined),
    unseen: unseen.filter((name) => !behind.has(name)),
    down: unseen.filter((name) => behind.has(name)),
    monitorFaults: faults,
  };
}

function defaultMonitors({ hosts }: NatsConnection): string[] {
  const urls = hosts.map((host) => `http://${host.includes(':') ? `[${host}]` : host}:${MONITOR_PORT}`);
  return [...new Set(urls)];
}

async function findStreams(connection: NatsConnection, cluster: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const wanted of wantedStreams(cluster)) {
    const info = await streamInfo(connection, wanted.name);
    if (info === undefined) throw streamMissing(wanted.name);
    found.push({ wanted, info });
  }
  return found;
}

function report(faults: readonly string[], { acceptLoss, onEvent }: ProbeOptions): void {
  if (!acceptLoss) {
    throw new StorageError(
      'NATS_UNSAFE',
      `with NATS as it is, messages that were confirmed may be lost:\n${faults.map((each) => `- ${each}`).join('\n')}\n` +
        'Change that, or accept the loss with --nats-accept-loss on',
    );
  }
  for (const fault of faults) onEvent({ level: 'warn', text: `--nats-accept-loss on: ${fault}` });
  onEvent({
    level: 'warn',
    text: 'messages that were confirmed may be lost when a server of NATS fails, because --nats-accept-loss is on',
  });
}

function unseenFault(name: string, { monitorFaults }: View, connection: NatsConnection): string {
  const tried = monitorFaults.length === 0 ? '' : ` (${monitorFaults.join('; ')})`;
  return `server ${name} of ${connection.servers} was not seen on a monitoring port${tried}: set its http_port, and name it in --nats-monitor`;
}

/** The names of all that have a replica. */
function serversWith(found: readonly Found[]): string[] {
  const names = found.flatMap(({ info: { cluster } }) => [
    cluster?.leader,
    ...(cluster?.replicas ?? []).map(({ name }) => name),
  ]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** Those that a leader has not heard of for some time. Whether one is `offline` is not known of those that died. */
function serversBehind(found: readonly Found[]): Set<string> {
  const replicas = found.flatMap(({ info }) => info.cluster?.replicas ?? []);
  return new Set(replicas.filter(({ current }) => !current).map(({ name }) => name));
}

function faultsOfServer({ name, version, syncsAlways }: MonitoredServer): string[] {
  const faults: string[] = [];
  if (!isAtLeast(version, VERSION_MIN)) {
    faults.push(`server ${name} has version ${version}: ${VERSION_MIN} or newer is needed`);
  }
  if (!syncsAlways) {
    faults.push(
      `server ${name} acknowledges before it syncs: set sync_interval: always in its block jetstream`,
    );
  }
  return faults;
}

function payloadFaults(servers: readonly MonitoredServer[]): string[] {
  const sizes = new Set(servers.map(({ payloadBytesMax }) => payloadBytesMax));
  const texts = servers.map(({ name, payloadBytesMax }) => `${name}: ${payloadBytesMax}`).join(', ');
  if (sizes.size > 1)
    return [`the servers have different max_payload (${texts}): it must be the same everywhere`];
  if (servers.some(({ payloadBytesMax }) => payloadBytesMax < PAYLOAD_BYTES_MIN)) {
    return [
      `the servers have a max_payload that is too small (${texts}): ${PAYLOAD_BYTES_MIN} or more is needed`,
    ];
  }
  return [];
}

/** A version that is none (`dev`) is older than any. */
function isAtLeast(version: string, minimum: string): boolean {
  const [found, needed] = [version, minimum].map((text) => text.split(/[.-]/).map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (found?.[i] ?? Number.NaN) - (needed?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
