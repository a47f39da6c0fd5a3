import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IService } from 'kubernetes-models/v1/Service';
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../src/daemon/read-options.ts';
import { bucketName, logSubject } from '../../src/storage/jetstream/nats-names.ts';
import { deployText, manifestOf, unknownVariables, yamlDocuments } from './deploy-files.ts';
import { BROKER_IMAGE } from './docker-image.ts';
import { environmentOf } from './pod-environment.ts';

const [FOLDER, SINGLE] = ['kubernetes/cluster', 'kubernetes/broker'];
const nodes = manifestOf(FOLDER, 'StatefulSet', 'leveret') as unknown as IStatefulSet;
const nats = manifestOf(FOLDER, 'StatefulSet', 'leveret-nats') as unknown as IStatefulSet;
const init = manifestOf(FOLDER, 'Job', 'leveret-init') as unknown as IJob;
const configuration = deployText(`${FOLDER}/nats.conf`);
const [node, server, initializer] = [nodes, nats, init].map(
  ({ spec }) => spec?.template.spec?.containers[0] as IContainer,
) as [IContainer, IContainer, IContainer];

function podLabels(set: IStatefulSet | IJob): Readonly<Record<string, string>> {
  return set.spec?.template.metadata?.labels ?? {};
}

function policyOf(name: string): INetworkPolicy {
  return manifestOf(FOLDER, 'NetworkPolicy', name) as unknown as INetworkPolicy;
}

/** The names of the servers, as their headless service makes them. */
function serverHosts(): string[] {
  const { serviceName, replicas = 0 } = nats.spec ?? {};
  return Array.from({ length: replicas }, (_, index) => `leveret-nats-${index}.${serviceName}`);
}

function portOf(container: IContainer, name: string): number | undefined {
  return container.ports?.find((port) => port.name === name)?.containerPort;
}

describe('the nodes of a cluster', () => {
  const environment = environmentOf(node, 'leveret-1');
  const options = optionsOf(environment);

  it('have options that they know', () => {
    expect(unknownVariables(Object.keys(environment))).toEqual([]);
    expect(options).toMatchObject({ storage: 'jetstream', host: ['0.0.0.0'], metricsAnonymous: 'on' });
  });

  it('are found by their own name, on the port where nodes pass clients through to each other', () => {
    const headless = manifestOf(FOLDER, 'Service', 'leveret-pods') as unknown as IService;
    expect(headless.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    expect(nodes.spec?.serviceName).toBe(headless.metadata?.name);
    expect([options.nodeName, options.clusterHost]).toEqual(['leveret-1', 'leveret-1.leveret-pods']);
    const ports = { amqp: options.amqpPort, http: options.httpPort, nodes: options.clusterPort };
    expect(node.ports).toEqual(
      Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })),
    );
    expect(headless.spec?.ports?.map(({ targetPort, port }) => [targetPort, port])).toEqual(
      Object.entries(ports),
    );
  });

  it('use all servers, as the user with few rights', () => {
    const port = portOf(server, 'nats');
    expect(options.nats).toEqual(serverHosts().map((host) => `nats://node:node-password@${host}:${port}`));
    expect(options.natsAcceptLoss).toBe('off');
  });

  it('have no volume but scratch room for more than the servers may store', () => {
    expect(nodes.spec?.volumeClaimTemplates).toBeUndefined();
    const { volumes = [] } = nodes.spec?.template.spec ?? {};
    const scratch = volumes.find(({ name }) => name === 'scratch')?.emptyDir?.sizeLimit;
    const mounted = node.volumeMounts?.find(({ name }) => name === 'scratch')?.mountPath;
    expect(mounted).toBe(options.dataDir);
    const storedMax = Number(/max_file_store: (\d+)GB/.exec(configuration)?.[1]);
    expect(Number(/^(\d+)Gi$/.exec(String(scratch))?.[1])).toBeGreaterThan(storedMax);
  });

  it('take the place of the single broker: the same service for clients, the same labels and probes', () => {
    const [single, cluster] = [SINGLE, FOLDER].map((folder) => manifestOf(folder, 'Service', 'leveret'));
    expect(cluster).toEqual(single);
    const set = manifestOf(SINGLE, 'StatefulSet', 'leveret') as unknown as IStatefulSet;
    expect(podLabels(nodes)).toMatchObject(podLabels(set));
    const other = set.spec?.template.spec?.containers[0];
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const) {
      expect(node[probe]).toEqual(other?.[probe]);
    }
  });

  it('have more time to end than a hand-over takes', () => {
    expect(nodes.spec?.template.spec?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
  });

  function optionsOf(variables: Readonly<Record<string, string>>): ReturnType<typeof readOptions> {
    const directory = mkdtempSync(join(tmpdir(), 'leveret-config-'));
    const file = join(directory, 'leveret.json');
    const { data } = manifestOf(FOLDER, 'ConfigMap', 'leveret') as unknown as IConfigMap;
    writeFileSync(file, data?.['leveret.json'] ?? '');
    const options = readOptions([], { ...BROKER_IMAGE.environment, ...variables, LEVERET_CONFIG: file });
    rmSync(directory, { recursive: true });
    return options;
  }
});

describe('the NATS servers', () => {
  it('sync before they confirm', () => {
    expect(configuration).toMatch(/^jetstream \{[^}]*^ {2}sync_interval: always$/m);
  });

  it('are of a version that Leveret takes', () => {
    const { images } = yamlDocuments(`${FOLDER}/kustomization.yaml`)[0] as {
      readonly images: readonly { readonly name: string; readonly newTag: string }[];
    };
    const [major = 0, minor = 0] = (images.find(({ name }) => name === 'nats')?.newTag ?? '')
      .split('.')
      .map(Number);
    expect([major, minor >= 14]).toEqual([2, true]);
  });

  it('know each other by the names of their pods', () => {
    const routes = JSON.parse(environmentOf(server, '')['ROUTES'] ?? '') as string[];
    const port = portOf(server, 'routes');
    expect(routes).toEqual(serverHosts().map((host) => `nats://route:route-password@${host}:${port}`));
    expect(configuration).toMatch(new RegExp(`^cluster \\{[^}]*^ {2}port: ${port}$`, 'm'));
    const headless = manifestOf(FOLDER, 'Service', nats.spec?.serviceName ?? '') as unknown as IService;
    expect(headless.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
  });

  it('listen on the ports that the pod names', () => {
    const [port, monitor] = ['port', 'http_port'].map((key) =>
      Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(configuration)?.[1]),
    );
    expect([port, monitor]).toEqual([portOf(server, 'nats'), portOf(server, 'monitor')]);
    expect(monitor).toBe(8222);
  });

  it('store less than their volume has, and in it', () => {
    const [claim] = nats.spec?.volumeClaimTemplates ?? [];
    const mount = server.volumeMounts?.find(({ name }) => name === claim?.metadata?.name)?.mountPath;
    expect(configuration).toContain(`store_dir: "${mount}"`);
    const gibibytes = Number(/^(\d+)Gi$/.exec(String(claim?.spec?.resources?.requests?.['storage']))?.[1]);
    const storedMax = Number(/max_file_store: (\d+)GB/.exec(configuration)?.[1]) * 1e9;
    expect(storedMax / (gibibytes * 2 ** 30)).toBeLessThan(0.9);
  });

  it('take every variable that their configuration names, in quotes where it is a password', () => {
    const variables = environmentOf(server, 'leveret-nats-0');
    const named = [...configuration.matchAll(/: \$(\w+)/g)].map(([, name = '']) => name);
    expect(named).toHaveLength(5);
    for (const name of named) {
      const expected = name === 'POD_NAME' ? /^leveret-nats-0$/ : /^("[a-z]+-password"|\[ ".*" \])$/;
      expect(variables[name]).toMatch(expected);
    }
  });

  it('let the nodes write to the streams and the bucket of the cluster that they are', () => {
    const { clusterName } = readOptions([], {});
    for (const kind of ['main', 'cold'] as const) {
      expect(configuration).toContain(`"${logSubject(clusterName, kind)}"`);
    }
    expect(configuration.split(`"$KV.${bucketName(clusterName)}.>"`)).toHaveLength(3);
  });

  it('leave the service one by one, in lame duck mode', () => {
    const command = server.lifecycle?.preStop?.exec?.command ?? [];
    const pidFile = /^pid_file: "(.*)"$/m.exec(configuration)?.[1];
    expect(command.slice(0, 1)).toEqual(server.command?.slice(0, 1));
    expect(command.at(-1)).toBe(`ldm=${pidFile}`);
    const seconds = Number(/^lame_duck_duration: (\d+)s$/m.exec(configuration)?.[1]);
    expect(nats.spec?.template.spec?.terminationGracePeriodSeconds).toBeGreaterThan(seconds);
  });

  it('are never two on one machine', () => {
    const rules = nats.spec?.template.spec?.affinity?.podAntiAffinity;
    const [rule] = rules?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    expect(rule?.topologyKey).toBe('kubernetes.io/hostname');
    expect(podLabels(nats)).toMatchObject(rule?.labelSelector?.matchLabels ?? { missing: '' });
  });
});

describe.each([
  ['leveret', nodes],
  ['leveret-nats', nats],
])('three of %s', (name, set) => {
  it('are counted, selected and spread by their labels, and lost one at a time', () => {
    expect(set.spec?.replicas).toBe(3);
    expect(podLabels(set)).toMatchObject(set.spec?.selector.matchLabels ?? { missing: '' });
    const budget = manifestOf(FOLDER, 'PodDisruptionBudget', name) as unknown as IPodDisruptionBudget;
    expect(budget.spec?.maxUnavailable).toBe(1);
    const { topologySpreadConstraints = [] } = set.spec?.template.spec ?? {};
    expect(topologySpreadConstraints).toHaveLength(1);
    const selectors = [budget.spec?.selector, policyOf(name).spec?.podSelector].concat(
      topologySpreadConstraints.map(({ labelSelector }) => labelSelector),
    );
    for (const selector of selectors)
      expect(selector?.matchLabels).toEqual({ 'app.kubernetes.io/name': name });
  });

  it('start together: one alone is not ready', () => {
    expect(set.spec?.podManagementPolicy).toBe('Parallel');
  });
});

describe('the rules of the network', () => {
  it('let the nodes and the job to the servers, on both their ports', () => {
    const [toServers] = policyOf('leveret').spec?.egress ?? [];
    expect(podLabels(nats)).toMatchObject(toServers?.to?.[0]?.podSelector?.matchLabels ?? { missing: '' });
    const [fromClients, fromServers] = policyOf('leveret-nats').spec?.ingress ?? [];
    const client = fromClients?.from?.[0]?.podSelector?.matchLabels ?? { missing: '' };
    for (const each of [nodes, init]) expect(podLabels(each)).toMatchObject(client);
    const both = ['nats', 'monitor'];
    expect([toServers, fromClients].map((rule) => rule?.ports?.map(({ port }) => port))).toEqual([
      both,
      both,
    ]);
    expect(fromServers?.ports?.map(({ port }) => port)).toEqual(['routes']);
  });

  it('let nodes to nodes, and nobody else to that port', () => {
    const { ingress = [], egress = [] } = policyOf('leveret').spec ?? {};
    const inward = ingress.filter(({ ports = [] }) => ports.some(({ port }) => port === 'nodes'));
    expect(inward.map(({ from }) => from)).toEqual([[{ podSelector: nodes.spec?.selector }]]);
    expect(egress.map(({ ports }) => ports?.map(({ port }) => port))).toContainEqual(['nodes']);
  });

  it('name ports that the pods have', () => {
    const known = new Set([...(node.ports ?? []), ...(server.ports ?? [])].map(({ name }) => name));
    for (const name of ['leveret', 'leveret-nats']) {
      const { ingress = [], egress = [] } = policyOf(name).spec ?? {};
      const named = [...ingress, ...egress].flatMap(({ ports = [] }) => ports.map(({ port }) => port));
      expect(named.filter((port) => port !== 53 && !known.has(String(port)))).toEqual([]);
    }
  });
});

describe('the job that makes the streams', () => {
  it('asks all servers, as their administrator', () => {
    const variables = environmentOf(initializer, '');
    const urls = serverHosts().map((host) => `nats://admin:admin-password@${host}:${portOf(server, 'nats')}`);
    expect(initializer.args).toEqual(['cluster', 'init']);
    expect(variables['LEVERET_NATS']).toBe(urls.join(','));
    expect(unknownVariables(Object.keys(variables))).toEqual([]);
  });

  it('is started again until the servers answer, and goes when it is done', () => {
    expect(init.spec).toMatchObject({ backoffLimit: 20, ttlSecondsAfterFinished: 600 });
    expect(init.spec?.template.spec?.restartPolicy).toBe('OnFailure');
  });
});
