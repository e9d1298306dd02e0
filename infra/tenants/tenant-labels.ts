import { objectLabels, type Labels } from '../metadata/labels.ts';

/**
 * The labels of what belongs to a namespace and not to a service in it. `rhizome up` and `down` delete by the name of
 * the service, which may be called like the namespace: they must not find these.
 *
 * @explains ResourceQuota.metadata.labels["app.kubernetes.io/name"]
 * @explains LimitRange.metadata.labels["app.kubernetes.io/name"]
 * @explains NetworkPolicy/default-deny.metadata.labels["app.kubernetes.io/name"]
 * @explains ValidatingAdmissionPolicy.metadata.labels["app.kubernetes.io/name"]
 * @explains ValidatingAdmissionPolicyBinding.metadata.labels["app.kubernetes.io/name"]
 * @without `rhizome down` of a service that is called like the namespace deletes the object.
 */
export const tenantLabels = (namespace: string): Labels => ({
  ...objectLabels(namespace),
  'app.kubernetes.io/name': 'rhizome-tenant',
});
