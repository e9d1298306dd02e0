import { k8s } from 'cdk8s-plus-27';
import type { Deployment } from 'kubernetes-types/apps/v1.js';

/**
 * A Deployment whose pods avoid nodes only of pods of the same revision. Without this, the new pods of a rollout avoid
 * the old ones, and end up on one node once the old ones are gone: seen after a node drain.
 *
 * Sets `matchLabelKeys` of each pod anti-affinity term. Kubernetes enables that field by default since 1.31; 1.30 drops
 * it, and spreads pods without it. The types of cdk8s-plus-27 lack the field, and a JSON patch is applied before they
 * are converted to YAML, so the field is added after the conversion.
 */
export class RevisionDeployment extends k8s.KubeDeployment {
  override toJson(): unknown {
    const deployment = super.toJson() as Deployment;
    const antiAffinity = deployment.spec?.template.spec?.affinity?.podAntiAffinity;
    for (const { podAffinityTerm } of antiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      podAffinityTerm.matchLabelKeys = ['pod-template-hash'];
    return deployment;
  }
}
