import { k8s } from 'cdk8s-plus-27';

/** The path to the one field that this is about. */
interface Json {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly affinity?: {
          readonly podAntiAffinity?: {
            readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
              readonly podAffinityTerm: { matchLabelKeys?: readonly string[] };
            }[];
          };
        };
      };
    };
  };
}

/**
 * A Deployment whose pods keep away from pods of their own revision alone. Else, in a rollout, new pods keep away from
 * the old ones, and are side by side when those are gone: after a drain, both replicas stayed on one node.
 *
 * `matchLabelKeys` of a pod affinity term is on by default since Kubernetes 1.31; 1.30 drops it, and is as good as before.
 * The typed objects of cdk8s-plus-27 lack it, and a JSON patch comes before they are made into YAML.
 */
export class RevisionDeployment extends k8s.KubeDeployment {
  override toJson(): unknown {
    const json = super.toJson() as Json;
    const terms =
      json.spec.template.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const { podAffinityTerm } of terms) podAffinityTerm.matchLabelKeys = ['pod-template-hash'];
    return json;
  }
}
