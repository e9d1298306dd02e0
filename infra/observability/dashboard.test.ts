import { at } from '../fixtures/manifests.ts';
import type { DashboardProps } from './dashboard.ts';
import { dashboardOf, modelOf, monitoredService, type MonitoringProps } from './fixtures/monitored.ts';

const dashboard = (props: Omit<DashboardProps, 'service'> = {}, service: MonitoringProps['service'] = {}) =>
  dashboardOf(monitoredService({ dashboard: props, service }));

test("the ConfigMap has the label by which Grafana's sidecar finds it", () => {
  const { metadata, data } = dashboard();
  expect(metadata).toMatchObject({ name: 'iris-server-dashboard', namespace: 'iris-server' });
  expect(metadata.labels).toMatchObject({ grafana_dashboard: '1', 'app.kubernetes.io/instance': 'iris-server' });
  expect(Object.keys(data as object)).toEqual(['iris-server-iris-server.json']);
  expect(modelOf(dashboard()).title).toBe('iris-server');
});

test('every prop reaches the manifest', () => {
  const manifest = dashboard({
    namespace: 'monitoring',
    labels: { dashboards: 'yes' },
    folder: 'Models',
    title: 'Flowers',
  });
  expect(manifest.metadata).toMatchObject({ namespace: 'monitoring', annotations: { grafana_folder: 'Models' } });
  expect(manifest.metadata.labels).toMatchObject({ dashboards: 'yes' });
  expect(manifest.metadata.labels).not.toHaveProperty('grafana_dashboard');
  expect(modelOf(manifest).title).toBe('Flowers');
});

test('each service has a dashboard of its own, with the same identity at each synthesis', () => {
  const uid = (name: string, namespace: string) => modelOf(dashboard({}, { name, namespace })).uid;
  expect(uid('iris', 'flowers')).toBe(uid('iris', 'flowers'));
  expect(new Set([uid('iris', 'flowers'), uid('wine', 'flowers'), uid('iris', 'other')]).size).toBe(3);
  expect(uid('iris', 'flowers')).toMatch(/^[a-z0-9]{1,40}$/);
});

test('the panels about drift exist if the service counts values', () => {
  const titles = (service: MonitoringProps['service']) =>
    modelOf(dashboard({}, service)).panels.flatMap(({ type, title }) => (type === 'row' ? [title] : []));
  const without = ['At a glance', 'Requests', 'Models', 'Replicas'];
  expect(titles({ settings: { DRIFT_SAMPLE: '0.5' } })).toEqual([
    'At a glance',
    'Requests',
    'Models',
    'Drift',
    'Replicas',
  ]);
  for (const settings of [{}, { DRIFT_SAMPLE: '0' }]) expect(titles({ settings })).toEqual(without);
  const variables = (settings: object) => modelOf(dashboard({}, { settings })).templating.list.map(({ name }) => name);
  expect(variables({ DRIFT_SAMPLE: '1' })).toEqual(['datasource', 'model', 'pod', 'window']);
  expect(variables({})).toEqual(['datasource', 'model', 'pod']);
});

test('the panels have distinct identities, fill the width and do not overlap', () => {
  const { panels } = modelOf(dashboard());
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    const { x, y, w, h } = gridPos;
    expect(x + w).toBeLessThanOrEqual(24);
    for (let column = x; column < x + w; column++)
      for (let line = y; line < y + h; line++) {
        expect([title, taken.get(`${column},${line}`)]).toEqual([title, undefined]);
        taken.set(`${column},${line}`, title);
      }
  }
  for (const { targets = [] } of panels)
    expect(targets.map(({ refId }) => refId)).toEqual(['A', 'B', 'C'].slice(0, targets.length));
  expect(
    at(
      panels.find(({ type }) => type === 'timeseries'),
      'datasource',
    ),
  ).toEqual({
    type: 'prometheus',
    uid: '${datasource}',
  });
});
