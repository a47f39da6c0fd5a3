import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { describe, expect, it } from 'vitest';
import { type Manifest, manifestOf } from './deploy-files.ts';
import { SERVICE_IMAGE } from './docker-image.ts';

const FOLDER = 'kubernetes/services';
/** What `leveret start` gives handlers that run. */
const DRAIN_SECONDS = 30;
const policy = manifestOf(FOLDER, 'NetworkPolicy', 'shop') as unknown as INetworkPolicy;

interface ScaledObject extends Manifest {
  readonly spec: {
    readonly scaleTargetRef: { readonly name: string };
    readonly minReplicaCount: number;
    readonly triggers: readonly {
      readonly metadata: Readonly<Record<string, string>>;
      readonly authenticationRef: { readonly name: string };
    }[];
  };
}

describe.each(['orders', 'mails'])('the service %s', (name) => {
  const deployment = manifestOf(FOLDER, 'Deployment', name) as unknown as IDeployment;
  const { spec: pod, metadata } = deployment.spec?.template ?? {};
  const container = pod?.containers[0];
  const labels = metadata?.labels ?? {};

  it('runs the service, with variables that it reads', () => {
    expect(container?.args).toEqual([name]);
    const variables = container?.env?.map((each) => each.name);
    expect(variables).toEqual(['BROKER_URL', `${name.toUpperCase()}_DATABASE_URL`]);
  });

  it('is asked for its health where the image says', () => {
    const port = SERVICE_IMAGE.command.at(SERVICE_IMAGE.command.indexOf('--http-port') + 1);
    expect(container?.ports).toEqual([{ name: 'http', containerPort: Number(port) }]);
    expect(metadata?.annotations?.['prometheus.io/port']).toBe(port);
    const probes = [container?.readinessProbe, container?.livenessProbe];
    expect(probes.map((probe) => probe?.httpGet)).toEqual([
      { path: '/readyz', port: 'http' },
      { path: '/livez', port: 'http' },
    ]);
  });

  it('has more time to end than it takes', () => {
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(DRAIN_SECONDS);
  });

  it('may reach the broker, and is meant by the policy', () => {
    const broker = manifestOf('kubernetes/broker', 'NetworkPolicy', 'leveret') as unknown as INetworkPolicy;
    expect(labels).toMatchObject(broker.spec?.ingress?.[0]?.from?.[0]?.podSelector?.matchLabels ?? {});
    expect(labels).toMatchObject(policy.spec?.podSelector?.matchLabels ?? {});
  });

  it('loses one pod at a time', () => {
    const budget = manifestOf(FOLDER, 'PodDisruptionBudget', name) as unknown as IPodDisruptionBudget;
    expect(budget.spec?.maxUnavailable).toBe(1);
    expect(labels).toMatchObject(budget.spec?.selector?.matchLabels ?? {});
    expect(deployment.spec?.selector.matchLabels).toEqual(budget.spec?.selector?.matchLabels);
  });

  it('is scaled by its own queues, and never to none', () => {
    const { spec } = manifestOf(FOLDER, 'ScaledObject', name) as ScaledObject;
    expect(spec.scaleTargetRef.name).toBe(name);
    expect(deployment.spec).not.toHaveProperty('replicas');
    expect(spec.minReplicaCount).toBe(1);
    const pattern = new RegExp(spec.triggers[0]?.metadata['queueName'] ?? '');
    const queues = [`${name}.in`, `${name}.every`, `${name}.orders.place.7`, `${name}.dead`, `x${name}.in`];
    expect(queues.map((queue) => pattern.test(queue))).toEqual([true, true, true, false, false]);
    for (const { authenticationRef } of spec.triggers) {
      expect(() => manifestOf(FOLDER, 'TriggerAuthentication', authenticationRef.name)).not.toThrow();
    }
  });
});

it('opens the services to Prometheus only, and the way to the broker by its labels and port', () => {
  expect(policy.spec?.ingress?.flatMap(({ ports = [] }) => ports.map(({ port }) => port))).toEqual(['http']);
  const broker = manifestOf('kubernetes/broker', 'StatefulSet', 'leveret') as unknown as IDeployment;
  const [toBroker] = policy.spec?.egress ?? [];
  expect(broker.spec?.template.metadata?.labels).toMatchObject(
    toBroker?.to?.[0]?.podSelector?.matchLabels ?? { missing: '' },
  );
  const ports = broker.spec?.template.spec?.containers[0]?.ports?.map((port) => port.name);
  expect(ports).toContain(toBroker?.ports?.[0]?.port);
});
