import { k8s } from 'cdk8s-plus-27';
import { paths, ports } from '../../service/contract/index.ts';

/** Seconds that a pod found dead may take to end: it hangs, so waiting for it to drain would only prolong the outage. */
const hungPodGraceSeconds = 2;

const get = (path: string): k8s.HttpGetAction => ({ path, port: k8s.IntOrString.fromString(ports.http.name) });

/**
 * The container's three probes.
 *
 * Until the startup probe has succeeded once, the others wait: models may load for `startupSeconds`. Readiness, asked
 * often, takes a pod out of the Service and back: a hung one within 8 seconds. Liveness is slower to judge, since a busy
 * process is not a dead one: three answers in a row must be missing, each for four seconds.
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
