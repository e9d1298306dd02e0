import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { isNamespaceName, longestName } from '../metadata/names.ts';
import { findMistypedProps, type PropTypes } from '../props/checks/types.ts';
import { isRegistry, parseImageReference } from '../props/image-reference.ts';
import { InvalidPropsError, type InvalidProp } from '../props/invalid-props-error.ts';
import { tenantLabels } from './tenant-labels.ts';

/** Props of AllowedRegistries. */
export interface AllowedRegistriesProps {
  /** The namespace that is held to the registries. Lower-case letters, digits and dashes, at most 63 characters. */
  readonly namespace: string;

  /**
   * The registries, or paths in them, such as `registry.example/team`. An image must be written with one of them:
   * `nginx`, without `docker.io/library/`, is refused everywhere. At least one.
   */
  readonly registries: readonly string[];

  /**
   * Whether images must also have a digest.
   * @default false
   * @explains ValidatingAdmissionPolicy.spec.validations[1].**
   * @without A tag can move to another image after somebody has approved it.
   * @setBy AllowedRegistries.requireDigest
   */
  readonly requireDigest?: boolean;

  /**
   * Whether other images are refused. If not, they are admitted with a warning and an audit entry, to find out what
   * would be refused.
   * @default true
   * @explains ValidatingAdmissionPolicyBinding.spec.validationActions
   * @without Kubernetes refuses the binding.
   * @setBy AllowedRegistries.enforce
   */
  readonly enforce?: boolean;
}

const types: PropTypes<AllowedRegistriesProps> = {
  namespace: 'text',
  registries: 'list of texts',
  requireDigest: 'true or false',
  enforce: 'true or false',
};

/**
 * What has containers: pods, and the workloads that make them, which are refused when they are applied.
 *
 * @explains ValidatingAdmissionPolicy.spec.matchConstraints.**
 * @without Kubernetes refuses the policy. Without the workloads, a Deployment is accepted, and none of its pods starts.
 */
const resourceRules = [
  { apiGroups: [''], resources: ['pods', 'pods/ephemeralcontainers', 'replicationcontrollers'] },
  { apiGroups: ['apps'], resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'] },
  { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'] },
].map((rule) => ({ ...rule, apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'] }));

/** Returns the pod of an object in CEL. `dyn`, since the objects have different types. */
const podOf = (object: string): string =>
  `has(dyn(${object}).spec.template) ? dyn(${object}).spec.template.spec : ` +
  `has(dyn(${object}).spec.jobTemplate) ? dyn(${object}).spec.jobTemplate.spec.template.spec : dyn(${object}).spec`;

/** Returns the images of a pod in CEL: those of containers of all kinds, and those that are mounted as volumes. */
function imagesOf(pod: string): string {
  const containers = ['containers', 'initContainers', 'ephemeralContainers'].map(
    (field) => `(has(${pod}.${field}) ? ${pod}.${field}.filter(c, has(c.image)).map(c, c.image) : [])`,
  );
  const volumes =
    `(has(${pod}.volumes) ? ${pod}.volumes.filter(v, has(v.image) && has(v.image.reference))` +
    `.map(v, v.image.reference) : [])`;
  return [...containers, volumes].join(' + ');
}

/**
 * Holds a namespace to signed-off registries with a ValidatingAdmissionPolicy, which Kubernetes has since 1.30, and its
 * binding. The API server evaluates it itself: there is no webhook that could be down. Both objects belong to the whole
 * cluster, and only administrators can create them. Their name contains the namespace, so another namespace has its
 * own; unlike a PriorityClass, they can be changed in place.
 *
 * Images that an object has already are not checked again when it is updated: it can still be scaled and deleted.
 *
 * @throws {InvalidPropsError} if a prop would not work on a cluster
 */
export class AllowedRegistries extends Construct {
  /**
   * Refuses pods, and workloads that make them, with images from other registries.
   *
   * @explains ValidatingAdmissionPolicy
   * @without Everyone who may create pods in the namespace can run any image from anywhere.
   * @setBy AllowedRegistries.registries
   */
  readonly policy: ApiObject;
  /**
   * Binds the policy to the namespace.
   *
   * @explains ValidatingAdmissionPolicyBinding
   * @explains ValidatingAdmissionPolicyBinding.spec.policyName
   * @without The policy applies nowhere.
   */
  readonly binding: ApiObject;

  constructor(scope: Construct, id: string, props: AllowedRegistriesProps) {
    super(scope, id);
    const mistyped = findMistypedProps(props, types, ['namespace', 'registries']);
    if (mistyped.length > 0) throw new InvalidPropsError('AllowedRegistries', mistyped);
    const { namespace, registries, requireDigest = false, enforce = true } = props;
    const invalid = [...findInvalid(props)];
    if (invalid.length > 0) throw new InvalidPropsError(`AllowedRegistries of '${namespace}'`, invalid);

    const metadata = { name: `rhizome.${namespace}.allowed-registries`, labels: tenantLabels(namespace) };
    const prefixes = registries.map((registry) => `'${registry.replace(/\/+$/, '')}/'`).join(', ');
    const known = registries.join(', ');
    this.policy = new ApiObject(this, 'policy', {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        /**
         * If the API server cannot evaluate an expression, it refuses the object.
         *
         * @explains ValidatingAdmissionPolicy.spec.failurePolicy
         * @without The default is the same. With `Ignore`, such an object could run any image.
         */
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules },
        /**
         * What the rules compare: the images of an object that it did not have before. An object that has had an image
         * for long can still be scaled and deleted.
         *
         * @explains ValidatingAdmissionPolicy.spec.variables[].**
         * @without The rules name variables that do not exist, and Kubernetes refuses the policy.
         */
        variables: [
          { name: 'pod', expression: podOf('object') },
          { name: 'oldPod', expression: `oldObject == null ? dyn({}) : ${podOf('oldObject')}` },
          { name: 'oldImages', expression: imagesOf('variables.oldPod') },
          { name: 'images', expression: `(${imagesOf('variables.pod')}).filter(i, !(i in variables.oldImages))` },
          {
            name: 'foreign',
            expression: `variables.images.filter(i, ![${prefixes}].exists(r, i.startsWith(r)))`,
          },
          ...(requireDigest
            ? [{ name: 'unpinned', expression: `variables.images.filter(i, !i.contains('@sha256:'))` }]
            : []),
        ],
        validations: [
          /**
           * The rule, and the message with the images that violate it, which `kubectl apply` prints.
           *
           * @explains ValidatingAdmissionPolicy.spec.validations[].**
           * @without Images of every registry are admitted.
           * @setBy AllowedRegistries.registries
           */
          {
            expression: 'size(variables.foreign) == 0',
            messageExpression:
              `'the namespace ${namespace} runs only images of ${known}, and not ' + ` + `variables.foreign.join(', ')`,
            message: `the namespace ${namespace} runs only images of ${known}`,
            reason: 'Forbidden',
          },
          ...(requireDigest
            ? [
                {
                  expression: 'size(variables.unpinned) == 0',
                  messageExpression:
                    `'the namespace ${namespace} runs only images with a digest, and not ' + ` +
                    `variables.unpinned.join(', ')`,
                  message: `the namespace ${namespace} runs only images with a digest`,
                  reason: 'Forbidden',
                },
              ]
            : []),
        ],
      },
    });
    this.binding = new ApiObject(this, 'binding', {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: {
        policyName: metadata.name,
        validationActions: enforce ? ['Deny'] : ['Warn', 'Audit'],
        /**
         * The namespace that is held to the registries.
         *
         * @explains ValidatingAdmissionPolicyBinding.spec.matchResources.**
         * @without The policy applies to every namespace of the cluster, that of Kubernetes itself included.
         * @setBy AllowedRegistries.namespace
         */
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
      },
    });
  }
}

function* findInvalid({ namespace, registries }: AllowedRegistriesProps): Generator<InvalidProp> {
  if (!isNamespaceName(namespace)) {
    const fix = `Use lower-case letters, digits and dashes; at most ${longestName} characters.`;
    yield { prop: 'namespace', value: namespace, reason: 'is not a valid name in Kubernetes', fix };
  }
  if (registries.length === 0) {
    const fix = "Name at least one, such as 'registry.example/team'.";
    yield { prop: 'registries', value: registries, reason: 'allows no image at all', fix };
  }
  for (const [index, value] of registries.entries()) {
    const [host = ''] = value.split('/');
    if (isRegistry(host) && parseImageReference(`${value.replace(/\/+$/, '')}/image`) !== undefined) continue;
    const fix = "Use a host and an optional path, without https://, tag or wildcard: 'registry.example/team'.";
    yield { prop: `registries.${index}`, value, reason: 'is not a registry', fix };
  }
}
