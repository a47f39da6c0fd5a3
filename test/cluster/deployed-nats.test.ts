/** The configuration of NATS in `deploy`, given to real servers: they become a cluster that a node takes, and its user can do what it needs and no more. */
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IContainer } from 'kubernetes-models/v1/Container';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import { probeCluster } from '../../src/cluster/cluster-probe.ts';
import { openLeaseStore } from '../../src/cluster/nats-lease-store.ts';
import { connectNats, type NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';
import { openNatsLog } from '../../src/storage/jetstream/nats-log.ts';
import type { ReplicatedLog } from '../../src/storage/jetstream/replicated-log.ts';
import { deployText, manifestOf, yamlDocuments } from '../deploy/deploy-files.ts';
import { environmentOf } from '../deploy/pod-environment.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { describeWithNats, NATS_PROGRAM } from '../servers/nats.ts';
import { ConfiguredNats, type DeployedServer } from './configured-nats.ts';

const CLUSTER = 'leveret';
/** A number to nats-server, unless it is in quotes. */
const PASSWORD = '12345e6';

interface Deployment {
  readonly configuration: string;
  readonly servers: readonly DeployedServer[];
  /** Who makes the streams, and who a node logs in as. */
  readonly users: { readonly init: string; readonly node: string };
  /** What is asked of the monitoring port. */
  readonly probes: readonly string[];
}

const DEPLOYMENTS = { Kubernetes: kubernetes(), Compose: compose() } as const;

for (const name of ['Kubernetes', 'Compose'] as const) {
  describeWithNats(`NATS as deployed with ${name}`, () => suite(name));
}

function suite(name: keyof typeof DEPLOYMENTS): void {
  const deployment: Deployment = DEPLOYMENTS[name];
  const connections: NatsConnection[] = [];
  let nats: ConfiguredNats;

  beforeAll(async () => {
    nats = await ConfiguredNats.start(NATS_PROGRAM, deployment.configuration, deployment.servers);
    for (const probe of deployment.probes) await nats.answer(probe);
    await initCluster(await connect(deployment.users.init), { cluster: CLUSTER, replicas: 3 });
  }, 60_000);

  afterAll(async () => {
    for (const connection of connections) await connection.close();
    await nats.close();
  });

  it('is a cluster that a node finds nothing wrong with', async () => {
    const events: string[] = [];
    const { monitorUrls } = nats;
    const node = await connectAsNode();
    const onEvent = ({ text }: { readonly text: string }): void => void events.push(text);
    await probeCluster(node, { cluster: CLUSTER, monitorUrls, acceptLoss: false, onEvent });
    expect(events).toEqual([]);
  });

  it.each(['main', 'cold'] as const)('lets a node append to the log %s, read and trim it', async (kind) => {
    const log = await openNatsLog(await connectAsNode(), CLUSTER, kind);
    for (const sequence of [1, 2, 3]) {
      await appended(log, sequence);
    }
    expect(await log.entry(2)).toEqual(Uint8Array.of(2));
    const read: number[] = [];
    await log.read(1, 3, (sequence) => void read.push(sequence));
    expect(read).toEqual([1, 2, 3]);
    await log.trim(3);
    expect(await log.state()).toMatchObject({ first: 3, last: 3 });
  });

  it('lets a node write its lease and itself into the bucket, and hear of others', async () => {
    const store = await openLeaseStore(await connectAsNode(), CLUSTER);
    const record = {
      owner: 'a',
      successor: '',
      term: 't',
      leaseMs: 3000,
      peerAddress: 'a:25672',
      peerToken: 'p',
      epoch: 0,
      isServing: false,
    };
    const seen = new Promise((resolve) => {
      onTestFinished(store.watch((entry) => resolve(entry.record)));
    });
    const listed = new Promise((resolve) => {
      onTestFinished(store.watchNodes((entry) => resolve(entry.name)));
    });
    const revision = await store.write(record, 0);
    expect(revision).toBeGreaterThan(0);
    expect(await store.write(record, 0)).toBeUndefined();
    expect(await seen).toEqual(record);
    await store.putNode('a', '{}');
    expect(await listed).toBe('a');
    await store.removeNode('a');
  });

  it('refuses a node nothing of that', () => {
    expect(nats.output).not.toContain('Violation');
  });

  // The user of the other one may do all, and its servers stop at once.
  if (name === 'Compose') return;

  it('lets a node neither change nor remove a stream, nor make one', async () => {
    const { api } = await (await connectAsNode()).link(1_000);
    const stream = 'LEVERET_leveret_main';
    await expect(api.streams.delete(stream)).rejects.toThrow(/permission/i);
    await expect(api.streams.update(stream, { max_age: 1e9 })).rejects.toThrow(/permission/i);
    await expect(api.streams.add({ name: 'other', subjects: ['other'] })).rejects.toThrow(/permission/i);
    await expect(api.consumers.add(stream, {})).rejects.toThrow(/permission/i);
    const { api: administrator } = await (await connect(deployment.users.init)).link(1_000);
    expect((await administrator.streams.info(stream)).config.max_age).toBe(0);
  });

  it('sends a server into lame duck mode before it stops', async () => {
    const [{ host }] = deployment.servers as [DeployedServer];
    const words = natsContainer().lifecycle?.preStop?.exec?.command ?? [];
    const signal = words.at(-1)?.replace(/(?<==)\/tmp/, nats.path(host, 'tmp')) ?? '';
    await new StartedProcess(NATS_PROGRAM, [...words.slice(1, -1), signal]).succeeded();
    await nats.process(host).line('Entering lame duck mode');
  });

  function connectAsNode(): Promise<NatsConnection> {
    return connect(deployment.users.node);
  }

  async function connect(user: string): Promise<NatsConnection> {
    const servers = nats.urls(user, PASSWORD);
    const connection = await connectNats({ servers, onEvent: () => undefined });
    connections.push(connection);
    return connection;
  }
}

function kubernetes(): Deployment {
  const folder = 'kubernetes/cluster';
  const container = natsContainer();
  const secrets = Object.fromEntries(
    ['admin', 'node', 'route'].map((name) => [`${name}-password`, PASSWORD]),
  );
  const servers = [0, 1, 2].map((index) => ({
    host: `leveret-nats-${index}.leveret-nats-pods`,
    environment: environmentOf(container, `leveret-nats-${index}`, secrets),
  }));
  const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
  return {
    configuration: deployText(`${folder}/nats.conf`),
    servers,
    users: { init: 'admin', node: 'node' },
    probes: probes.map((probe) => probe?.httpGet?.path ?? ''),
  };
}

function natsContainer(): IContainer {
  const set = manifestOf('kubernetes/cluster', 'StatefulSet', 'leveret-nats') as unknown as IStatefulSet;
  return set.spec?.template.spec?.containers[0] as IContainer;
}

/** An answer may be late, and is unknown then. */
async function appended(log: ReplicatedLog, sequence: number): Promise<void> {
  const entry = Uint8Array.of(sequence);
  const tried = async (): Promise<Uint8Array | undefined> => {
    await log.append(sequence, entry);
    return log.entry(sequence);
  };
  await expect.poll(tried, { timeout: 10_000 }).toEqual(entry);
}

interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>> }>>;
  readonly 'x-nats': { readonly healthcheck: { readonly test: readonly string[] } };
  readonly configs: { readonly nats: { readonly content: string } };
}

function compose(): Deployment {
  const file = yamlDocuments('compose.cluster.yaml')[0] as ComposeFile;
  const servers = ['nats-1', 'nats-2', 'nats-3'].map((host) => ({
    host,
    environment: interpolated(file.services[host]?.environment ?? {}),
  }));
  return {
    configuration: file.configs.nats.content.replaceAll('$$', '$'),
    servers,
    users: { init: 'leveret', node: 'leveret' },
    probes: [new URL(file['x-nats'].healthcheck.test.at(-1) ?? '').pathname],
  };
}

/** As Compose does it, with the password of this test. */
function interpolated(environment: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(environment);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value.replaceAll(/\$\{LEVERET_NATS_PASSWORD\b.*?\}/g, PASSWORD)]),
  );
}
