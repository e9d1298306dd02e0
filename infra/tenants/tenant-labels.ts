import { objectLabels, type Labels } from '../metadata/labels.ts';

/**
 * Returns the labels of what belongs to a namespace and not to a service in it. `rhizome up` and `down` delete by the
 * name of the service, which may be called like the namespace: they must not find these.
 */
export const tenantLabels = (namespace: string): Labels => ({
  ...objectLabels(namespace),
  'app.kubernetes.io/name': 'rhizome-tenant',
});
