import { metrics } from '../../service/contract/index.ts';
import type { Alert } from './alert.ts';
import { driftAlerts } from './drift-alerts.ts';
import { burnRateExpression } from './objectives.ts';
import { bucketUpTo, deploymentMatchers, podMatchers } from './promql.ts';

const value = '{{ $value | humanizePercentage }}';

/** The alerts, by name. docs/runbooks.md has a section for each. */
export const alerts = {
  RhizomeAvailabilityFastBurn: {
    severity: 'critical',
    forSeconds: 0,
    summary: 'Requests fail so often that the error budget of 30 days will be spent within days.',
    description: `${value} of the requests have failed, over one hour or six.`,
    expression: (service, { availability }) => burnRateExpression(service, 'availability', 'fast', availability),
  },
  RhizomeAvailabilitySlowBurn: {
    severity: 'warning',
    forSeconds: 0,
    summary: 'Requests fail so often that the error budget will be spent before its 30 days are over.',
    description: `${value} of the requests have failed, over one day or three.`,
    expression: (service, { availability }) => burnRateExpression(service, 'availability', 'slow', availability),
  },
  RhizomeLatencyFastBurn: {
    severity: 'critical',
    forSeconds: 0,
    summary: 'Requests are so often slow that the latency budget of 30 days will be spent within days.',
    description: `${value} of the requests took longer than the objective allows, over one hour or six.`,
    expression: (service, { latency }) => burnRateExpression(service, 'latency', 'fast', latency.objective),
  },
  RhizomeLatencySlowBurn: {
    severity: 'warning',
    forSeconds: 0,
    summary: 'Requests are so often slow that the latency budget will be spent before its 30 days are over.',
    description: `${value} of the requests took longer than the objective allows, over one day or three.`,
    expression: (service, { latency }) => burnRateExpression(service, 'latency', 'slow', latency.objective),
  },
  RhizomeNoReplicaReady: {
    severity: 'critical',
    forSeconds: 60,
    summary: 'No replica is ready: every request fails.',
    description: 'The Deployment {{ $labels.deployment }} wants replicas, and none of them is available.',
    expression: (service) =>
      `kube_deployment_status_replicas_available{${deploymentMatchers(service)}} == 0\n` +
      `and\nkube_deployment_spec_replicas{${deploymentMatchers(service)}} > 0`,
  },
  RhizomeReplicasMissing: {
    severity: 'warning',
    forSeconds: 900,
    summary: 'Fewer replicas are ready than the Deployment wants.',
    description: '{{ $value }} replicas of the Deployment {{ $labels.deployment }} are not available.',
    expression: (service) =>
      `kube_deployment_spec_replicas{${deploymentMatchers(service)}}\n` +
      `- kube_deployment_status_replicas_available{${deploymentMatchers(service)}} > 0`,
  },
  RhizomeRolloutStuck: {
    severity: 'warning',
    forSeconds: 60,
    summary: 'A rollout has made no progress within its deadline. The old replicas still serve.',
    description: 'The new pods of the Deployment {{ $labels.deployment }} do not become ready.',
    expression: (service) =>
      'kube_deployment_status_condition' +
      `{${deploymentMatchers(service)},condition="Progressing",status="false"} == 1`,
  },
  RhizomePodNotStarting: {
    severity: 'warning',
    forSeconds: 600,
    summary: 'A pod waits for something that it needs to start, such as a Secret or its image.',
    description: 'The container of {{ $labels.pod }} has not started for 10 minutes. Its events say what is missing.',
    // The reasons of one problem alternate, such as ErrImagePull and ImagePullBackOff.
    expression: (service) =>
      'sum by (namespace, pod) (kube_pod_container_status_waiting_reason' +
      `{${podMatchers(service)},reason!~"CrashLoopBackOff|PodInitializing"}) > 0`,
  },
  RhizomePodCrashLooping: {
    severity: 'warning',
    forSeconds: 300,
    summary: 'A pod crashes again and again.',
    description: 'Kubernetes waits before it starts the container of {{ $labels.pod }} again (CrashLoopBackOff).',
    // Between two waits the container runs for a moment, which must not end the alert.
    expression: (service) =>
      'max_over_time(kube_pod_container_status_waiting_reason' +
      `{${podMatchers(service)},reason="CrashLoopBackOff"}[5m]) >= 1`,
  },
  RhizomePodOutOfMemory: {
    severity: 'warning',
    forSeconds: 0,
    summary: 'A pod was killed because it exceeded its memory limit.',
    description: 'The container of {{ $labels.pod }} was killed (OOMKilled) and restarted within the last 15 minutes.',
    expression: (service) =>
      `kube_pod_container_status_last_terminated_reason{${podMatchers(service)},reason="OOMKilled"} == 1\n` +
      'and on (namespace, pod, container)\n' +
      `increase(kube_pod_container_status_restarts_total{${podMatchers(service)}}[15m]) > 0`,
  },
  RhizomeInferenceProcessRestarting: {
    severity: 'warning',
    forSeconds: 0,
    summary: 'The inference process of a model ends again and again.',
    description:
      'The process of the model {{ $labels.model }} was started again {{ $value | humanize }} times in 15 minutes, ' +
      'in {{ $labels.pod }}. Its requests fail meanwhile.',
    expression: (service) => `increase(${metrics.processRestarts}{${podMatchers(service)}}[15m]) > 2`,
  },
  RhizomeRequestsRefused: {
    severity: 'warning',
    forSeconds: 300,
    summary: 'The replicas refuse requests because they cannot serve more.',
    description: `${value} of the requests for the model {{ $labels.model }} are refused ({{ $labels.reason }}).`,
    // An abandoned request was given up by its client, which may have other reasons.
    expression: (service) =>
      'sum by (model, reason) (' +
      `rate(${metrics.requestsRefused}{${podMatchers(service)},reason!="abandoned"}[5m]))\n` +
      `/ on (model) group_left ()\nsum by (model) (rate(${metrics.requests}{${podMatchers(service)}}[5m])) > 0.01`,
  },
  RhizomeQueueSlow: {
    severity: 'warning',
    forSeconds: 600,
    summary: 'Requests wait longer for their turn than the latency objective allows for the whole response.',
    description: `${value} of the requests for the model {{ $labels.model }} wait too long in its queue.`,
    expression: (service, { latency }) => {
      const waits = (part: string, more = '') =>
        `sum by (model) (rate(${metrics.queueDuration}_${part}{${podMatchers(service)}${more}}[5m]))`;
      const within = waits('bucket', `,${bucketUpTo(latency.thresholdSeconds)}`);
      return `1 - ${within}\n/\n(${waits('count')} > 0) > 1 - ${latency.objective}`;
    },
  },
  RhizomeModelNotLoaded: {
    severity: 'warning',
    forSeconds: 300,
    summary: 'A model could not be loaded, so its pod is not ready.',
    description: 'Version {{ $labels.version }} of the model {{ $labels.model }} failed to load in {{ $labels.pod }}.',
    expression: (service) => `${metrics.modelLoaded}{${podMatchers(service)}} == 0`,
  },
  RhizomeModelNotVerified: {
    severity: 'warning',
    forSeconds: 600,
    summary: 'A model does not reproduce its examples, or has none.',
    description:
      'Nothing shows that version {{ $labels.version }} of the model {{ $labels.model }} predicts in ' +
      '{{ $labels.pod }} what it predicted when it was trained.',
    expression: (service) => `${metrics.modelVerified}{${podMatchers(service)}} == 0`,
  },
  RhizomeMemoryNearLimit: {
    severity: 'warning',
    forSeconds: 900,
    summary: 'A pod uses almost all of the memory that it may use.',
    description: `{{ $labels.pod }} uses ${value} of its memory limit.`,
    expression: (service) =>
      `max by (namespace, pod) (container_memory_working_set_bytes{${podMatchers(service)},` +
      `container="${service.name}"})\n/ on (namespace, pod)\n` +
      `max by (namespace, pod) (kube_pod_container_resource_limits{${podMatchers(service)},` +
      `container="${service.name}",resource="memory"}) > 0.9`,
  },
  RhizomeCertificateNotRenewed: {
    severity: 'warning',
    forSeconds: 3600,
    summary: 'A TLS certificate was not issued, or not renewed in time. When it expires, clients cannot connect.',
    description: 'cert-manager has had no success with the Certificate {{ $labels.name }} for at least an hour.',
    // Renewed a day late rather than so many days before the end: certificates are valid for very different times.
    expression: ({ namespace }) =>
      `certmanager_certificate_ready_status{namespace="${namespace}",condition="False"} == 1\n` +
      'or on (namespace, name)\n' +
      `certmanager_certificate_renewal_timestamp_seconds{namespace="${namespace}"} < time() - 86400`,
  },
  RhizomeTokenKeysNotFetched: {
    severity: 'warning',
    needs: 'tokens',
    forSeconds: 300,
    summary: 'A pod cannot fetch the keys that verify tokens. It will refuse tokens that are signed with a new key.',
    description: 'The keys in {{ $labels.pod }} are {{ $value | humanizeDuration }} old; +Inf means that it has none.',
    // A pod fetches them every 300 s, and after a failure every 10 s.
    expression: (service) => `${metrics.tokenKeyAge}{${podMatchers(service)}} > 900`,
  },
  RhizomeScrapeFailing: {
    severity: 'warning',
    forSeconds: 300,
    summary: 'Prometheus cannot scrape a pod, so the other alerts do not see it.',
    description: 'The management port of {{ $labels.pod }} does not respond to Prometheus.',
    expression: (service) => `up{${podMatchers(service)}} == 0`,
  },
  ...driftAlerts,
} as const satisfies Readonly<Record<string, Alert>>;

/** Name of an alert. */
export type AlertName = keyof typeof alerts;
