import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dashboardOf, modelOf, monitoredService } from '../../infra/observability/fixtures/monitored.ts';
import { startService } from '../../service/fixtures/process.ts';
import { until } from '../../service/fixtures/until.ts';
import { findTool } from '../needs.ts';
import { freePort } from '../suite.ts';
import type { RecordedPanel, RecordedSeries, Recording } from './recording.ts';
import { standIn, type Pod } from './stand-in.ts';
import { totalSeconds, traffic } from './traffic.ts';

const root = join(import.meta.dirname, '../..');
const scrapeSeconds = 2;
const stepSeconds = 4;
/** The first rates are about a time without requests. */
const warmUpSeconds = 12;
const window = '1m';
/** The memory limit of a pod by default. */
const memoryLimit = 512 * 2 ** 20;
/** More digits than a picture shows only make the file larger. */
const digits = 4;

/** Runs the service, Prometheus and a few minutes of traffic, and returns what the dashboard's queries showed. */
export async function record(): Promise<Recording> {
  const dir = await mkdtemp(join(tmpdir(), 'rhizome-dashboard-'));
  const stops: (() => unknown)[] = [() => rm(dir, { recursive: true })];
  try {
    await mkdir(join(dir, 'models/orchid'), { recursive: true });
    await cp(join(root, 'models/iris'), join(dir, 'models/iris'), { recursive: true });
    await cp(join(root, 'onnx/fixtures/slow/busy-short.onnx'), join(dir, 'models/orchid/model.onnx'));
    // Nothing is known about the values of this model, which only keeps the processor busy.
    await writeFile(
      join(dir, 'models/orchid/model.json'),
      JSON.stringify({ task: 'tensors', serving: { maxQueue: 12 } }),
    );
    const pods: Pod[] = [];
    for (const name of ['iris-server-6f7c9d8b5-k2x8q', 'iris-server-6f7c9d8b5-w9m4t']) {
      const settings = { DRIFT_SAMPLE: '1', MANAGEMENT_PORT: '0', GRPC_PORT: '0' };
      const process = await startService(join(dir, 'models'), settings);
      stops.push(process.stop);
      pods.push({ name, process });
    }
    const kubernetes = await standIn(pods, memoryLimit);
    stops.push(kubernetes.stop);
    const prometheus = await startPrometheus(dir, pods, kubernetes.host);
    stops.push(prometheus.stop);
    await until(
      async () => (await prometheus.query('up == 1')).length === pods.length + 1,
      'all targets are scraped',
      60,
    );
    const from = Math.ceil(Date.now() / 1000) + warmUpSeconds;
    await traffic(pods);
    return await recorded(prometheus.range, from);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}
type Range = (query: string, from: number, to: number) => Promise<readonly Result[]>;

async function recorded(range: Range, from: number): Promise<Recording> {
  const model = modelOf(dashboardOf(monitoredService()));
  const steps = Math.floor((totalSeconds - warmUpSeconds) / stepSeconds);
  const panels: RecordedPanel[] = [];
  for (const { title, type, gridPos, targets = [], fieldConfig } of model.panels) {
    const series: RecordedSeries[] = [];
    for (const { expr, legendFormat } of targets) {
      const results = await range(substituted(expr), from, from + (steps - 1) * stepSeconds);
      for (const { metric, values } of results)
        series.push({
          name: legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
          values: aligned(values, from, steps),
        });
    }
    panels.push({
      title,
      type,
      gridPos,
      unit: fieldConfig?.defaults.unit ?? '',
      stacked: fieldConfig?.defaults.custom?.stacking.mode === 'normal',
      thresholds: (fieldConfig?.defaults.thresholds.steps ?? []).flatMap(({ value, color }) =>
        value === null ? [] : [{ from: value, color }],
      ),
      queries: targets.map(({ expr }) => expr),
      series: series.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    });
  }
  const variables = [
    { label: 'Data source', value: 'Prometheus' },
    { label: 'Model', value: 'All' },
    { label: 'Pod', value: 'All' },
    { label: 'Window of drift', value: window },
  ];
  return { title: model.title, from, stepSeconds, steps, variables, panels };
}

/** Replaces Grafana's variables as Grafana does. */
const substituted = (query: string): string =>
  query
    .replaceAll('$__rate_interval', `${Math.max(4 * scrapeSeconds, stepSeconds + scrapeSeconds)}s`)
    .replaceAll('$__range', `${totalSeconds}s`)
    .replaceAll('$window', window)
    .replaceAll('$pod', 'iris-server-[a-z0-9]+-[a-z0-9]+')
    .replaceAll('$model', '.*');

function aligned(values: Result['values'], from: number, steps: number): readonly (number | null)[] {
  const at = new Map(values.map(([time, value]) => [time, Number(value)]));
  return Array.from({ length: steps }, (_, step) => {
    const value = at.get(from + step * stepSeconds);
    return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(digits));
  });
}

async function startPrometheus(dir: string, pods: readonly Pod[], kubernetes: string) {
  const tools = process.env['PROMETHEUS_TOOLS'];
  const program = findTool('prometheus', tools === undefined ? [] : [tools]);
  if (program === undefined) throw new Error('Prometheus is missing. Run: eval "$(.ci/prometheus)"');
  const targets = pods.map(({ name, process }) => ({
    targets: [new URL(process.managementUrl).host],
    labels: { namespace: 'iris-server', pod: name },
  }));
  const config = {
    global: { scrape_interval: `${scrapeSeconds}s`, scrape_timeout: `${scrapeSeconds}s` },
    scrape_configs: [
      { job_name: 'rhizome', static_configs: targets },
      { job_name: 'kubernetes', honor_labels: true, static_configs: [{ targets: [kubernetes] }] },
    ],
  };
  await writeFile(join(dir, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    program,
    ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=127.0.0.1:${port}`],
    { cwd: dir, stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  const get = async <T>(path: string, parameters: Readonly<Record<string, string>>): Promise<readonly T[]> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${String(new URLSearchParams(parameters))}`);
    const { data, error } = (await response.json()) as { data?: { result: readonly T[] }; error?: string };
    if (data === undefined) throw new Error(`Prometheus cannot evaluate ${parameters['query'] ?? ''}: ${error ?? ''}`);
    return data.result;
  };
  return {
    query: (query: string): Promise<readonly unknown[]> => get('query', { query }).catch(() => []),
    range: (query: string, from: number, to: number): Promise<readonly Result[]> =>
      get('query_range', { query, start: String(from), end: String(to), step: String(stepSeconds) }),
    stop: async (): Promise<void> => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
