import { createHash } from 'node:crypto';
import { ConfigMap } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels, type Labels } from '../metadata/labels.ts';
import { monitored, type MonitoredService } from './promql.ts';
import { variablesOf, type Variable } from './dashboard-variables.ts';
import type { Panel, Query } from './panel.ts';
import { panelRows } from './panels.ts';

/** Props of Dashboard. */
export interface DashboardProps {
  /** The service that the dashboard shows. */
  readonly service: PredictionService;
  /**
   * Namespace of the ConfigMap: one in which Grafana looks for dashboards.
   * @default the namespace of the service
   */
  readonly namespace?: string;
  /**
   * Labels by which Grafana's sidecar finds the ConfigMap.
   * @default the label of the Grafana and kube-prometheus-stack Helm charts: { grafana_dashboard: '1' }
   * @explains ConfigMap/*-dashboard.metadata.labels.*
   * @without Grafana does not find the dashboard.
   * @setBy Dashboard.labels
   */
  readonly labels?: Labels;
  /**
   * Grafana's folder for the dashboard, if its sidecar reads the annotation `grafana_folder`.
   * @default Grafana's own
   * @explains ConfigMap/*-dashboard.metadata.annotations.grafana_folder
   * @without The dashboard is in the folder that the sidecar uses for all.
   * @setBy Dashboard.folder
   */
  readonly folder?: string;
  /**
   * Title of the dashboard.
   * @default the name of the service
   */
  readonly title?: string;
}

/**
 * A Grafana dashboard as a ConfigMap: requests, errors, latency, queues, models, drift, and the memory and restarts of
 * pods. The reader chooses the data source, the models and the pods.
 *
 * @explains ConfigMap/*-dashboard
 * @explains ConfigMap/*-dashboard.data.*
 * @without Whoever looks for the cause of an alert has to write the queries first.
 */
export class Dashboard extends ConfigMap {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    const service = monitored(props.service);
    const { name } = service;
    const { namespace = service.namespace, labels = { grafana_dashboard: '1' }, folder, title = name } = props;
    super(scope, id, {
      metadata: {
        /**
         * The name of the service, and what the ConfigMap holds.
         *
         * @explains ConfigMap/*-dashboard.metadata.name
         * @without Kubernetes refuses an object without a name.
         */
        name: `${name}-dashboard`,
        namespace,
        labels: { ...objectLabels(name), ...labels },
        ...(folder !== undefined && { annotations: { grafana_folder: folder } }),
      },
      data: { [`${service.namespace}-${name}.json`]: `${JSON.stringify(dashboard(service, title), null, 2)}\n` },
    });
  }
}

const datasource = { type: 'prometheus', uid: '${datasource}' };
/** Width of a dashboard in Grafana's grid. */
const fullWidth = 24;
const heights = { row: 1, stat: 4, timeseries: 8 };

/** Returns the dashboard in Grafana's JSON model. */
function dashboard(service: MonitoredService, title: string): object {
  return {
    // The same for each synthesis, so that links to the dashboard stay valid.
    uid: createHash('sha256').update(`${service.namespace}/${service.name}`).digest('hex').slice(0, 16),
    title,
    tags: ['rhizome'],
    schemaVersion: 39,
    editable: true,
    timezone: 'browser',
    time: { from: 'now-1h', to: 'now' },
    refresh: '30s',
    templating: {
      list: [
        datasourceVariable,
        ...variablesOf(service).map(queryVariable),
        ...(service.drift === true ? [windowVariable] : []),
      ],
    },
    panels: arranged(service),
  };
}

function arranged(service: MonitoredService): readonly object[] {
  const placed: object[] = [];
  let [y, id] = [0, 1];
  for (const { title, panels } of panelRows(service)) {
    const at = { x: 0, y, w: fullWidth, h: heights.row };
    placed.push({ id: id++, type: 'row', title, collapsed: false, gridPos: at, panels: [] });
    y += heights.row;
    let x = 0;
    for (const panel of panels) {
      const [w, h] = [panel.type === 'stat' ? fullWidth / 4 : fullWidth / 2, heights[panel.type]];
      placed.push({ id: id++, ...panelModel(panel), gridPos: { x, y, w, h } });
      x += w;
      if (x < fullWidth && panel !== panels.at(-1)) continue;
      [x, y] = [0, y + h];
    }
  }
  return placed;
}

function panelModel({ title, description, type, unit, thresholds = [], stacked = false, queries }: Panel): object {
  const target = ({ expr, legend }: Query, index: number): object => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource,
    expr,
    legendFormat: legend,
    editorMode: 'code',
    range: true,
  });
  return {
    type,
    title,
    description,
    datasource,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        thresholds: {
          mode: 'absolute',
          steps: [{ value: null, color: 'green' }, ...thresholds.map(({ from, color }) => ({ value: from, color }))],
        },
        ...(type === 'timeseries' && {
          custom: {
            lineWidth: 2,
            fillOpacity: stacked ? 30 : 10,
            showPoints: 'never',
            stacking: { mode: stacked ? 'normal' : 'none' },
            thresholdsStyle: { mode: thresholds.length > 0 ? 'dashed' : 'off' },
          },
        }),
      },
      overrides: [],
    },
    options:
      type === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'area', colorMode: 'value' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(target),
  };
}

const datasourceVariable = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' };

/** Over how long values are compared with the training data. */
const windowVariable = {
  name: 'window',
  label: 'Window of drift',
  type: 'interval',
  query: '1m,10m,1h,6h,1d,7d',
  current: { text: '1h', value: '1h' },
};

function queryVariable({ name, label, query, all }: Variable): object {
  return {
    name,
    label,
    type: 'query',
    datasource,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    includeAll: true,
    multi: true,
    allValue: all,
    current: { text: 'All', value: '$__all' },
  };
}
