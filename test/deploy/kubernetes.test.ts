import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { IService } from 'kubernetes-models/v1/Service';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readOptions } from '../../src/daemon/read-options.ts';
import {
  deployFiles,
  deployText,
  type Manifest,
  manifestOf,
  manifestsOf,
  unknownVariables,
  yamlDocuments,
} from './deploy-files.ts';
import { BROKER_IMAGE } from './docker-image.ts';
import { manifestProblems } from './manifest-problems.ts';

const [BROKER, CLUSTER, WORKER, SERVICES] = [
  'kubernetes/broker',
  'kubernetes/cluster',
  'kubernetes/worker',
  'kubernetes/services',
] as const;
const statefulSet = manifestOf(BROKER, 'StatefulSet', 'leveret') as unknown as IStatefulSet;
const deployment = manifestOf(WORKER, 'Deployment', 'orders-worker') as unknown as IDeployment;
const service = manifestOf(BROKER, 'Service', 'leveret') as unknown as IService;
const headless = manifestOf(BROKER, 'Service', 'leveret-pods') as unknown as IService;
const budget = manifestOf(BROKER, 'PodDisruptionBudget', 'leveret') as unknown as IPodDisruptionBudget;
const policy = manifestOf(BROKER, 'NetworkPolicy', 'leveret') as unknown as INetworkPolicy;
const configMap = manifestOf(BROKER, 'ConfigMap', 'leveret') as unknown as IConfigMap;
const brokerPod = podOf(statefulSet);
const workerPod = podOf(deployment);
const nodes = manifestOf(CLUSTER, 'StatefulSet', 'leveret') as unknown as IStatefulSet;
const nats = manifestOf(CLUSTER, 'StatefulSet', 'leveret-nats') as unknown as IStatefulSet;
const initPod = podOf(manifestOf(CLUSTER, 'Job', 'leveret-init'));
const [nodePod, natsPod] = [podOf(nodes), podOf(nats)];
const servicePods = ['orders', 'mails'].map((name) => podOf(manifestOf(SERVICES, 'Deployment', name)));

function podOf(manifest: IStatefulSet | IDeployment | Manifest): IPodSpec {
  const { spec } = manifest as IStatefulSet | IDeployment;
  if (spec?.template.spec === undefined) throw new Error('a manifest without a pod');
  return spec.template.spec;
}

describe.each([BROKER, CLUSTER, WORKER, SERVICES])('deploy/%s', (folder) => {
  const kustomization = yamlDocuments(`${folder}/kustomization.yaml`)[0] as {
    readonly resources: readonly string[];
    readonly configMapGenerator?: readonly { readonly files: readonly string[] }[];
    readonly images: readonly { readonly name: string }[];
  };

  it.each(
    manifestsOf(folder).map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const),
  )('fits its schema: %s', (_, manifest) => {
    expect(manifestProblems(manifest)).toEqual([]);
  });

  it('has no namespace, so that it goes into that of whoever applies it', () => {
    expect(manifestsOf(folder).filter(({ metadata }) => 'namespace' in metadata)).toEqual([]);
  });

  it('has a kustomization of all its files', () => {
    const generated = (kustomization.configMapGenerator ?? []).flatMap(({ files }) => files);
    const named = ['kustomization.yaml', ...kustomization.resources, ...generated];
    expect(named.sort()).toEqual(deployFiles(folder));
  });

  it('runs only images that the kustomization replaces', () => {
    const pods = {
      [BROKER]: [brokerPod],
      [CLUSTER]: [nodePod, initPod, natsPod],
      [WORKER]: [workerPod],
      [SERVICES]: servicePods,
    };
    const images = pods[folder].flatMap(({ containers }) => containers.map(({ image }) => image));
    expect([...new Set(images)]).toEqual(kustomization.images.map(({ name }) => name));
  });
});

describe('the check of manifests', () => {
  const good = manifestOf(BROKER, 'Service', 'leveret');
  const bad: [what: string, manifest: Manifest, problem: string][] = [
    ['a field with a typing error', { ...good, ...{ spec: { selectors: {} } } }, 'Service/spec/selectors'],
    ['a value of another type', { ...good, ...{ spec: { ports: [{ port: '5672' }] } } }, 'must be integer'],
    ['a kind that there is not', { ...good, kind: 'Services' }, 'no schema of v1 Services'],
  ];

  it.each(bad)('finds %s', (_, manifest, problem) => {
    expect(manifestProblems(manifest).join('\n')).toContain(problem);
  });
});

describe('the manifests of the broker', () => {
  const container = brokerPod.containers[0];
  const environment = container?.env ?? [];

  it('set options that the broker has, in the environment and in the file', () => {
    expect(unknownVariables(environment.map(({ name }) => name))).toEqual([]);
    const directory = mkdtempSync(join(tmpdir(), 'leveret-config-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'leveret.json');
    writeFileSync(file, configMap.data?.['leveret.json'] ?? '');
    const options = readOptions([], { ...BROKER_IMAGE.environment, LEVERET_CONFIG: file });
    expect(options).toMatchObject({
      host: ['0.0.0.0'],
      metricsAnonymous: 'on',
      dataDir: mountPath('data'),
    });
    expect([options.amqpPort, options.httpPort]).toEqual(
      container?.ports?.map(({ containerPort }) => containerPort),
    );
  });

  it('mount the file where the broker looks for it', () => {
    const path = environment.find(({ name }) => name === 'LEVERET_CONFIG')?.value;
    expect(Object.keys(configMap.data ?? {}).map((key) => `${mountPath('config')}/${key}`)).toEqual([path]);
  });

  it('run one broker, with a volume of its own', () => {
    expect(statefulSet.spec?.replicas).toBe(1);
    expect(statefulSet.spec?.serviceName).toBe(headless.metadata?.name);
    expect(headless.spec?.clusterIP).toBe('None');
  });

  it('select the pod by its labels', () => {
    const labels = statefulSet.spec?.template.metadata?.labels;
    expect(statefulSet.spec?.selector.matchLabels).toEqual(labels);
    expect(service.spec?.selector).toEqual(labels);
    expect(headless.spec?.selector).toEqual(labels);
    expect(budget.spec?.selector?.matchLabels).toEqual(labels);
    expect(policy.spec?.podSelector?.matchLabels).toEqual(labels);
  });

  it('name the ports of the pod in services, probes and rules', () => {
    const ports = new Map(container?.ports?.map(({ name, containerPort }) => [name, containerPort]));
    for (const { spec } of [service, headless]) {
      expect(spec?.ports?.map(({ targetPort, port }) => [targetPort, port])).toEqual([...ports]);
    }
    const probes = [container?.startupProbe, container?.readinessProbe, container?.livenessProbe];
    expect(probes.map((probe) => probe?.httpGet?.port)).toEqual(['http', 'http', 'http']);
    const allowed = policy.spec?.ingress?.flatMap((rule) => rule.ports?.map(({ port }) => port));
    expect(new Set(allowed)).toEqual(new Set(ports.keys()));
    const { annotations } = statefulSet.spec?.template.metadata ?? {};
    expect(annotations?.['prometheus.io/port']).toBe(String(ports.get('http')));
  });

  it('give the broker more time to end than it takes', () => {
    expect(brokerPod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(10);
  });

  function mountPath(name: string): string | undefined {
    return container?.volumeMounts?.find((mount) => mount.name === name)?.mountPath;
  }
});

describe.each<readonly [string, IPodSpec]>([
  ['broker', brokerPod],
  ['node of a cluster', nodePod],
  ['NATS server', natsPod],
  ['job that makes the streams', initPod],
  ['worker', workerPod],
  ...servicePods.map((pod) => [`service ${pod.containers[0]?.name}`, pod] as const),
])('the pod of the %s', (_, pod) => {
  it('meets the restricted profile of the Pod Security Standards, and writes to its volumes only', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: BROKER_IMAGE.user,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const { securityContext } of pod.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  it('has no variables of services, which the broker would take for options', () => {
    expect(pod.enableServiceLinks).toBe(false);
  });

  it('mounts volumes that are there', () => {
    const owner = [statefulSet, nodes, nats].find(({ spec }) => spec?.template.spec === pod);
    const claims = owner?.spec?.volumeClaimTemplates;
    const names = [...(pod.volumes ?? []), ...(claims ?? [])].map((volume) =>
      'metadata' in volume ? volume.metadata?.name : (volume as { name: string }).name,
    );
    const mounted = pod.containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
    expect(mounted.sort()).toEqual(names.sort());
  });

  it('takes secrets that the page says how to make', () => {
    const page = deployText('README.md').replaceAll('\\\n', ' ');
    for (const { valueFrom } of pod.containers.flatMap(({ env = [] }) => env)) {
      const wanted = valueFrom?.secretKeyRef;
      if (wanted === undefined) continue;
      const command = new RegExp(
        `kubectl create secret generic ${wanted.name} .*--from-literal=${wanted.key}=`,
      );
      expect(page).toMatch(command);
    }
  });
});

describe('the worker', () => {
  it('may reach the broker', () => {
    const { labels } = deployment.spec?.template.metadata ?? {};
    const client = policy.spec?.ingress?.[0]?.from?.[0]?.podSelector?.matchLabels ?? {};
    expect(Object.keys(client)).not.toEqual([]);
    expect(labels).toMatchObject(client);
  });

  it('is what KEDA scales, alone', () => {
    const scaled = manifestOf(WORKER, 'ScaledObject', 'orders-worker') as Manifest & {
      readonly spec: {
        readonly scaleTargetRef: { readonly name: string };
        readonly triggers: readonly { readonly authenticationRef: { readonly name: string } }[];
      };
    };
    expect(scaled.spec.scaleTargetRef.name).toBe(deployment.metadata?.name);
    expect(deployment.spec).not.toHaveProperty('replicas');
    for (const { authenticationRef } of scaled.spec.triggers) {
      expect(() => manifestOf(WORKER, 'TriggerAuthentication', authenticationRef.name)).not.toThrow();
    }
  });
});
