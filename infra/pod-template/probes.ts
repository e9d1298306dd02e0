import { k8s } from 'cdk8s-plus-27';
import { paths, ports } from '../../service/contract/index.ts';

/**
 * Seconds that a pod has to stop after its liveness probe failed. It hangs, so a full drain would only prolong the
 * outage.
 *
 * @explains Container.livenessProbe.terminationGracePeriodSeconds
 * @without Kubernetes waits for the whole grace period before it kills a container that hangs.
 */
const hungPodGraceSeconds = 2;

/**
 * Asks the management port, by its name.
 *
 * @explains Container.startupProbe.httpGet.**
 * @explains Container.readinessProbe.httpGet.**
 * @without Kubernetes refuses a probe that says nothing about how to ask.
 */
const get = (path: string): k8s.HttpGetAction => ({ path, port: k8s.IntOrString.fromString(ports.management.name) });

/**
 * Returns the container's three probes. They use the management port: at the public one, clients could keep a probe
 * from its response by occupying every connection.
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
    /**
     * Gives the models time to load: the other probes start after it has succeeded once.
     *
     * @explains Container.startupProbe
     * @without The liveness probe restarts a pod whose models take long to load, again and again.
     */
    startupProbe: {
      httpGet: get(paths.ready),
      /**
       * Asks every second, so that a pod gets requests as soon as it can serve them.
       *
       * @explains Container.startupProbe.periodSeconds
       * @without The default is 10 s: each pod of a rollout would take up to 10 s longer.
       */
      periodSeconds: 1,
      /**
       * Loading a model can keep the processor busy, and the response waits.
       *
       * @explains Container.startupProbe.timeoutSeconds
       * @without The default is 1 s: more of the probes fail, which shows as warnings in the events.
       */
      timeoutSeconds: 5,
      failureThreshold: startupSeconds,
    },
    /**
     * Removes a pod that cannot serve from the Service, until it can again.
     *
     * @explains Container.readinessProbe
     * @without Requests are sent to pods that hang, and to new pods before their models are loaded.
     */
    readinessProbe: {
      httpGet: get(paths.ready),
      /**
       * Asks often, because a pod that hangs gets requests until the probe has failed.
       *
       * @explains Container.readinessProbe.periodSeconds
       * @without The default is 10 s: a pod that hangs would get requests for half a minute.
       */
      periodSeconds: 2,
      /**
       * A replica that is only busy responds within this time.
       *
       * @explains Container.readinessProbe.timeoutSeconds
       * @without The default is 1 s, which a CPU limit can use up by stopping the container.
       */
      timeoutSeconds: 2,
      /**
       * Three failures in a row, so that a single slow response takes no pod out of the Service.
       *
       * @explains Container.readinessProbe.failureThreshold
       * @without The default is the same. With 1, a short pause of the node would leave no ready pod.
       */
      failureThreshold: 3,
    },
    /**
     * Restarts a container that hangs.
     *
     * @explains Container.livenessProbe
     * @without A replica that hangs gets no requests any more, and stays so until somebody restarts it.
     */
    livenessProbe: {
      /**
       * Asks whether the process responds at all, not whether it is ready: a restart would not help one that drains.
       *
       * @explains Container.livenessProbe.httpGet.**
       * @without Kubernetes refuses a probe that says nothing about how to ask.
       */
      httpGet: get(paths.live),
      /**
       * More patient than the readiness probe: a restart costs more than a pause.
       *
       * @explains Container.livenessProbe.periodSeconds
       * @without The default is 10 s: a replica that hangs would be restarted after 30 s instead of 12.
       */
      periodSeconds: 4,
      /**
       * A replica that is only busy responds within this time.
       *
       * @explains Container.livenessProbe.timeoutSeconds
       * @without The default is 1 s: Kubernetes would restart replicas for being busy.
       */
      timeoutSeconds: 4,
      /**
       * Three failures in a row: what passes by itself causes no restart.
       *
       * @explains Container.livenessProbe.failureThreshold
       * @without The default is the same. With 1, one slow response would restart a replica.
       */
      failureThreshold: 3,
      terminationGracePeriodSeconds: hungPodGraceSeconds,
    },
  };
}
