import { metrics } from '../../service/contract/index.ts';
import { driftPanels } from './drift-panels.ts';
import type { PanelRow, Query } from './panel.ts';
import { deploymentMatchers, failed, forModel, type MonitoredService } from './promql.ts';

/** The dashboard's variables select pods and models. */
const selectedPods = 'pod=~"$pod"';
const selectedModels = 'model=~"$model"';

/** Returns the panels of a service's dashboard, by row. */
export function panelRows(service: MonitoredService): readonly PanelRow[] {
  const own = `namespace="${service.namespace}",${selectedPods}`;
  const requests = `${own},${forModel},${selectedModels}`;
  const ofModel = `${own},${selectedModels}`;
  const container = `${own},container="${service.name}"`;
  const rate = (series: string): string => `rate(${series}[$__rate_interval])`;
  const quantiles = (metric: string, matchers: string, by = ''): readonly Query[] =>
    [0.5, 0.95, 0.99].map((quantile) => ({
      expr: `histogram_quantile(${quantile}, sum by (${by}le) (${rate(`${metric}_bucket{${matchers}}`)}))`,
      legend: `${by === '' ? '' : '{{model}} '}p${quantile * 100}`,
    }));

  return [
    {
      title: 'At a glance',
      panels: [
        {
          title: 'Requests',
          description: 'Requests for models per second.',
          type: 'stat',
          unit: 'reqps',
          queries: [{ expr: `sum(${rate(`${metrics.requests}{${requests}}`)})`, legend: 'requests' }],
        },
        {
          title: 'Failed',
          description: 'Share of requests that failed, over the selected time.',
          type: 'stat',
          unit: 'percentunit',
          thresholds: [
            { from: 0.001, color: 'orange' },
            { from: 0.01, color: 'red' },
          ],
          queries: [
            {
              expr:
                `(sum(increase(${metrics.requests}{${requests},${failed}}[$__range])) or vector(0)) / ` +
                `sum(increase(${metrics.requests}{${requests}}[$__range]))`,
              legend: 'failed',
            },
          ],
        },
        {
          title: '99th percentile of the response time',
          description: 'One request in a hundred took longer, over the selected time.',
          type: 'stat',
          unit: 's',
          queries: [
            {
              expr:
                'histogram_quantile(0.99, sum by (le) ' +
                `(rate(${metrics.requestDuration}_bucket{${requests}}[$__range])))`,
              legend: 'p99',
            },
          ],
        },
        {
          title: 'Replicas ready',
          description: 'From kube-state-metrics.',
          type: 'stat',
          unit: 'none',
          queries: [
            { expr: `kube_deployment_status_replicas_available{${deploymentMatchers(service)}}`, legend: 'ready' },
            { expr: `kube_deployment_spec_replicas{${deploymentMatchers(service)}}`, legend: 'wanted' },
          ],
        },
      ],
    },
    {
      title: 'Requests',
      panels: [
        {
          title: 'Requests by model',
          description: 'Requests per second, over HTTP and gRPC.',
          type: 'timeseries',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (model, protocol) (${rate(`${metrics.requests}{${requests}}`)})`,
              legend: '{{model}} {{protocol}}',
            },
          ],
        },
        {
          title: 'Errors by code',
          description: "Requests per second that did not succeed, whether by the service's fault or the client's.",
          type: 'timeseries',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (code, model) (${rate(`${metrics.requests}{${requests},code!~"2..|OK"}`)})`,
              legend: '{{code}} {{model}}',
            },
          ],
        },
        {
          title: 'Response time',
          description: 'Quantiles of the time from request to response.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles(metrics.requestDuration, requests),
        },
        {
          title: 'Refused and closed',
          description: 'Requests refused or dropped without a run, and connections closed to protect the service.',
          type: 'timeseries',
          unit: 'reqps',
          queries: [
            {
              expr: `sum by (model, reason) (${rate(`${metrics.requestsRefused}{${ofModel}}`)})`,
              legend: '{{model}} {{reason}}',
            },
            {
              expr: `sum by (reason) (${rate(`${metrics.connectionsClosed}{${own}}`)})`,
              legend: 'connection {{reason}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Models',
      panels: [
        {
          title: 'Rows that wait',
          description: 'Rows in the queue of each model, on all replicas together.',
          type: 'timeseries',
          unit: 'short',
          stacked: true,
          queries: [{ expr: `sum by (model) (${metrics.queueRows}{${ofModel}})`, legend: '{{model}}' }],
        },
        {
          title: 'Wait in the queue',
          description: 'Quantiles of the time that a request waited for its run.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles(metrics.queueDuration, ofModel, 'model, '),
        },
        {
          title: 'Time of a run',
          description: 'Quantiles of the time of one run of a model, which may serve several requests.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles(metrics.inferenceDuration, ofModel, 'model, '),
        },
        {
          title: 'Rows of a run',
          description: 'How many rows one run served on average: above 1, requests share runs.',
          type: 'timeseries',
          unit: 'short',
          queries: [
            {
              expr:
                `sum by (model) (${rate(`${metrics.batchRows}_sum{${ofModel}}`)}) / ` +
                `sum by (model) (${rate(`${metrics.batchRows}_count{${ofModel}}`)})`,
              legend: '{{model}}',
            },
          ],
        },
        {
          title: 'Replicas with the model loaded',
          description: 'By version. A replica in which a model failed to load is not ready.',
          type: 'timeseries',
          unit: 'none',
          queries: [
            {
              expr: `sum by (model, version) (${metrics.modelLoaded}{${ofModel}})`,
              legend: '{{model}} {{version}}',
            },
          ],
        },
        {
          title: 'Replicas in which the model reproduces its examples',
          description: 'By version. 0 also if the model has no examples.',
          type: 'timeseries',
          unit: 'none',
          queries: [
            {
              expr: `sum by (model, version) (${metrics.modelVerified}{${ofModel}})`,
              legend: '{{model}} {{version}}',
            },
          ],
        },
      ],
    },
    ...(service.drift === true ? [driftPanels(ofModel)] : []),
    {
      title: 'Replicas',
      panels: [
        {
          title: 'Memory',
          description: 'What each container uses, from the kubelet, and its limit, from kube-state-metrics.',
          type: 'timeseries',
          unit: 'bytes',
          queries: [
            { expr: `container_memory_working_set_bytes{${container}}`, legend: '{{pod}}' },
            {
              expr: `max(kube_pod_container_resource_limits{${container},resource="memory"})`,
              legend: 'limit',
            },
          ],
        },
        {
          title: 'Memory of the main process',
          description: "Without inference processes, which are the rest of the container's memory.",
          type: 'timeseries',
          unit: 'bytes',
          queries: [{ expr: `process_resident_memory_bytes{${own}}`, legend: '{{pod}}' }],
        },
        {
          title: 'Processor time of the main process',
          description: 'CPUs in use, without inference processes.',
          type: 'timeseries',
          unit: 'short',
          queries: [{ expr: rate(`process_cpu_seconds_total{${own}}`), legend: '{{pod}}' }],
        },
        {
          title: 'Restarts',
          description: 'Restarts of containers, from kube-state-metrics, and of inference processes.',
          type: 'timeseries',
          unit: 'short',
          queries: [
            {
              expr: `increase(kube_pod_container_status_restarts_total{${container}}[$__rate_interval])`,
              legend: '{{pod}}',
            },
            {
              expr: `increase(${metrics.processRestarts}{${ofModel}}[$__rate_interval])`,
              legend: '{{pod}} {{model}}',
            },
          ],
        },
      ],
    },
  ];
}
