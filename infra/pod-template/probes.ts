import { k8s } from 'cdk8s-plus-27';
import { paths, ports } from '../../service/contract/index.ts';

/**
 * Seconds that a pod has to stop after its liveness probe failed. It hangs, so a full drain would only prolong the
 * outage.
 */
const hungPodGraceSeconds = 2;

const get = (path: string): k8s.HttpGetAction => ({ path, port: k8s.IntOrString.fromString(ports.management.name) });

/**
 * Returns the container's three probes. They use the management port: at the public one, clients could keep a probe
 * from its response by occupying every connection.
 *
 * - The startup probe gives models `startupSeconds` to load. The other probes start after it has succeeded once.
 * - The readiness probe runs often, and removes a pod that hangs from the Service within 8 seconds.
 * - The liveness probe is more patient: it restarts the container after three probes in a row have each waited four
 *   seconds for a response.
 *
 * A replica that is only busy responds to them in time: models that are slow run in processes of their own, what the
 * replica cannot serve is refused, and no large body keeps the event loop for long. The timeouts leave room for a CPU
 * limit, which stops the whole container for some of each 100 ms once it has used its share.
 *
 * @param startupSeconds how long the models may take to load
 */
export function probes(
  startupSeconds: number,
): Pick<k8s.Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'> {
  return {
    startupProbe: { httpGet: get(paths.ready), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: startupSeconds },
    readinessProbe: { httpGet: get(paths.ready), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 },
    livenessProbe: {
      httpGet: get(paths.live),
      periodSeconds: 4,
      timeoutSeconds: 4,
      failureThreshold: 3,
      terminationGracePeriodSeconds: hungPodGraceSeconds,
    },
  };
}
