/**
 * What is wrong with a manifest by the schema of its kind, the one of Kubernetes or of KEDA. The validators of these schemas let
 * fields pass that they do not know, and a field with a typing error would do nothing. So the manifest is watched: a field that
 * its validator never looked at is none of its kind.
 */
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import type { Manifest } from './deploy-files.ts';

interface ManifestKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly prototype: { validate(): void };
}

const KINDS: readonly ManifestKind[] = [
  ConfigMap,
  Deployment,
  Job,
  NetworkPolicy,
  PodDisruptionBudget,
  ScaledObject,
  Service,
  StatefulSet,
  TriggerAuthentication,
];

/** Empty when all is well. */
export function manifestProblems(manifest: Manifest): string[] {
  const { apiVersion, kind } = manifest;
  const model = KINDS.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (model === undefined) return [`no schema of ${apiVersion} ${kind}`];
  const unseen = new Set<string>();
  try {
    model.prototype.validate.call(watched(manifest, kind, unseen));
  } catch (error) {
    return [`${kind}: ${(error as Error).message}`];
  }
  return [...unseen].map((path) => `${path}: no field of its kind`);
}

/** A copy that takes each of its fields out of `unseen` when it is read. */
function watched(value: unknown, path: string, unseen: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((each, index) => watched(each, `${path}/${index}`, unseen));
  if (typeof value !== 'object' || value === null) return value;
  const copy = {};
  for (const [key, inner] of Object.entries(value)) {
    const here = `${path}/${key}`;
    const copied = watched(inner, here, unseen);
    unseen.add(here);
    Object.defineProperty(copy, key, {
      enumerable: true,
      get: () => {
        unseen.delete(here);
        return copied;
      },
    });
  }
  return copy;
}
