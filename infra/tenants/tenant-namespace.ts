import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { RestrictedNamespace } from '../constructs/restricted-namespace.ts';
import { isNamespaceName, longestName } from '../metadata/names.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { findMistypedProps, type PropTypes } from '../props/checks/types.ts';
import { InvalidPropsError, type InvalidProp } from '../props/invalid-props-error.ts';
import { noLimit, type Resources } from '../props/prediction-service-props.ts';
import { defaultResources } from '../props/resolved-props.ts';
import { findExceeded } from './exceeded.ts';
import {
  amountTypes,
  checkAmounts,
  checkCounts,
  containerDefaults,
  hardQuota,
  quotaTypes,
  type Quota,
} from './quota.ts';
import { tenantLabels } from './tenant-labels.ts';

/** Props of TenantNamespace. */
export interface TenantNamespaceProps {
  /** Name of the Namespace. Lower-case letters, digits and dashes, at most 63 characters. */
  readonly name: string;

  /** What all pods and Services of the namespace may use together. */
  readonly quota: Quota;

  /**
   * What a container gets that does not say what it needs, such as one of `kubectl run`.
   * @default what a pod of PredictionService gets: cpu 250m to 1, memory 256Mi to 512Mi, ephemeralStorage 64Mi to 256Mi
   * @explains LimitRange.spec.limits[].default.*
   * @explains LimitRange.spec.limits[].defaultRequest.*
   * @without The quota refuses the pod of such a container, which says nothing about what the quota counts.
   * @setBy TenantNamespace.containerDefaults
   */
  readonly containerDefaults?: Partial<Resources>;

  /**
   * The charts of the app, by their ids, whose objects are in this namespace of this cluster. Name them if another
   * cluster has a namespace of the same name.
   * @default every chart of the app
   */
  readonly charts?: readonly string[];
}

const types: PropTypes<TenantNamespaceProps> = {
  name: 'text',
  quota: quotaTypes,
  containerDefaults: amountTypes,
  charts: 'list of texts',
};

/**
 * A namespace for the services of a team: it enforces the Pod Security Standard "restricted", limits what they use
 * together with a ResourceQuota, gives containers that ask for nothing a LimitRange's defaults, and denies every
 * connection that no other NetworkPolicy allows; that of a PredictionService allows its own.
 *
 * When the app is synthesized, the services that its charts have in the namespace must fit into the quota, with the
 * most pods that autoscalers run, and the one that a rolling update starts in addition.
 *
 * @throws {InvalidPropsError} if a prop would not work on a cluster; when the app is synthesized, if the services do
 * not fit
 */
export class TenantNamespace extends Construct {
  /** The Namespace. */
  readonly namespace: RestrictedNamespace;
  /**
   * The ResourceQuota: what all pods and Services of the namespace may use together.
   *
   * @explains ResourceQuota
   * @without One team can use what all others need.
   * @setBy TenantNamespace.quota
   */
  readonly quota: k8s.KubeResourceQuota;
  /**
   * What containers get that do not say what they need.
   *
   * @explains LimitRange
   * @without The quota refuses their pods.
   * @setBy TenantNamespace.containerDefaults
   */
  readonly limitRange: k8s.KubeLimitRange;
  /**
   * Denies every connection that no other NetworkPolicy of the namespace allows.
   *
   * @explains NetworkPolicy/default-deny
   * @without Pods that no policy selects can connect to anything, and everything to them.
   */
  readonly networkPolicy: k8s.KubeNetworkPolicy;

  constructor(scope: Construct, id: string, props: TenantNamespaceProps) {
    super(scope, id);
    const described = `TenantNamespace '${props.name}'`;
    const mistyped = findMistypedProps(props, types, ['name', 'quota']);
    if (mistyped.length > 0) throw new InvalidPropsError(described, mistyped);
    const { name, quota, charts } = props;
    const defaults = {
      ...defaultResources,
      ...((quota as Partial<Quota>).cpu?.limit === noLimit && unlimitedCpu),
      ...props.containerDefaults,
    };
    const invalid = [...findInvalid(props)];
    if (invalid.length > 0) throw new InvalidPropsError(described, invalid);

    const labels = tenantLabels(name);
    const metadata = { namespace: name, labels };
    this.namespace = new RestrictedNamespace(this, 'namespace', { name });
    for (const [label, value] of Object.entries(labels)) this.namespace.metadata.addLabel(label, value);
    this.quota = new k8s.KubeResourceQuota(this, 'quota', {
      metadata: { ...metadata, name: 'quota' },
      spec: { hard: hardQuota(quota) },
    });
    this.limitRange = new k8s.KubeLimitRange(this, 'limit-range', {
      metadata: { ...metadata, name: 'container-defaults' },
      spec: { limits: [containerDefaults(defaults)] },
    });
    this.networkPolicy = new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata: { ...metadata, name: 'default-deny' },
      /**
       * Every pod of the namespace.
       *
       * @explains NetworkPolicy/default-deny.spec.podSelector
       * @without Kubernetes refuses the policy.
       */
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
    for (const object of [this.quota, this.limitRange, this.networkPolicy]) patchAsWritten(object);
    this.node.addValidation({
      validate: () => {
        const exceeded = [...findExceeded(this, { name, quota, defaults, ...(charts && { charts }) })];
        if (exceeded.length > 0) throw new InvalidPropsError(described, exceeded);
        return [];
      },
    });
  }
}

const unlimitedCpu = { cpu: { ...defaultResources.cpu, limit: noLimit } };

function* findInvalid({ name, quota, containerDefaults = {} }: TenantNamespaceProps): Generator<InvalidProp> {
  if (!isNamespaceName(name)) {
    const fix = `Use lower-case letters, digits and dashes; at most ${longestName} characters.`;
    yield { prop: 'name', value: name, reason: 'is not a valid name in Kubernetes', fix };
  }
  for (const resource of ['cpu', 'memory'] as const)
    if ((quota as Partial<Quota>)[resource] === undefined)
      yield {
        prop: `quota.${resource}`,
        value: undefined,
        reason: 'is missing',
        fix: 'Set its request and its limit.',
      };
  yield* checkAmounts('quota', quota);
  yield* checkCounts(quota);
  yield* checkAmounts('containerDefaults', containerDefaults);
}
