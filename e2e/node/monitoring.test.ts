/**
 * Tests the rules and the dashboard against the metrics of a real service that has served, failed and refused
 * requests; and, with promtool and Prometheus, that Prometheus loads them, scrapes the service and fires an alert.
 * `.ci/prometheus` installs both and prints their folder as PROMETHEUS_TOOLS.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { only } from '../../infra/fixtures/manifests.ts';
import { seriesOf, selects, type SeriesLabels } from '../../infra/observability/fixtures/exposition.ts';
import { kubernetesMetrics } from '../../infra/observability/fixtures/kubernetes-metrics.ts';
import {
  dashboardOf,
  modelOf,
  monitoredService,
  type MonitoringProps,
  type RuleFile,
} from '../../infra/observability/fixtures/monitored.ts';
import { referencesOf } from '../../infra/observability/fixtures/promql.ts';
import type { ModelJson } from '../../onnx/signature/model-json.ts';
import { audience, issuer, TestKeyServer } from '../../service/authentication/fixtures/issuer.ts';
import { startService, type ServiceProcess } from '../../service/fixtures/process.ts';
import { until } from '../../service/fixtures/until.ts';
import { findTool, testUnless } from '../needs.ts';

const root = join(import.meta.dirname, '../..');
const tools = process.env['PROMETHEUS_TOOLS'];
const tool = (name: string): string | undefined => findTool(name, tools === undefined ? [] : [tools]);
const needs = (name: string): string | undefined =>
  tool(name) === undefined ? `needs ${name}: eval "$(.ci/prometheus)"` : undefined;
const timeout = 60_000;

/** The labels that Prometheus gives to everything that it scrapes from a pod. */
const target = { namespace: 'iris-server', pod: 'iris-server-7d9c5b4f6d-x2x9p' };

let dir: string;
let keyServer: TestKeyServer;
let service: ServiceProcess;
let series: ReadonlyMap<string, readonly SeriesLabels[]>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-monitoring-'));
  await mkdir(join(dir, 'models/busy'), { recursive: true });
  await cp(join(root, 'onnx/fixtures/slow/busy-short.onnx'), join(dir, 'models/busy/model.onnx'));
  await writeFile(join(dir, 'models/busy/model.json'), JSON.stringify(description));
  keyServer = await new TestKeyServer([]).listen();
  service = await startService(join(dir, 'models'), {
    MANAGEMENT_PORT: '0',
    GRPC_PORT: '0',
    MAX_QUEUE_ROWS: '1',
    DRIFT_SAMPLE: '1',
    API_KEY: apiKey,
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    JWT_JWKS_URL: keyServer.url,
  });
  // Until it has refused a request, and closed a connection.
  const statuses = new Set<number>();
  await until(async () => {
    for (const status of await overload()) statuses.add(status);
    return statuses.has(200) && statuses.has(503);
  });
  await pipeline();
  series = seriesOf(await (await fetch(`${service.managementUrl}/metrics`)).text());
});
afterAll(async () => {
  await service.stop();
  keyServer.close();
  await rm(dir, { recursive: true });
});

const apiKey = 'monitoring-key';

/** The first value of each request is out of range. */
const description: ModelJson = {
  features: ['a', 'b', 'c', 'd'].map((name) => ({
    name,
    range: [0, 5],
    distribution: { bounds: [1, 2], shares: [0.5, 0.25, 0.25] },
  })),
  distribution: { bounds: [1], shares: [0.5, 0.5] },
};

/** Sends more requests at once than the queue of the model takes. Returns their statuses. */
const overload = (): Promise<readonly number[]> => Promise.all(Array.from({ length: 4 }, infer));

async function infer(): Promise<number> {
  const data = [5.1, 3.5, 1.4, 0.2];
  const body = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 4], data }] });
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${apiKey}` };
  const response = await fetch(`${service.url}/v2/models/busy/infer`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
}

/** Sends so many requests without waiting for responses that the service closes the connection. */
async function pipeline(): Promise<void> {
  const socket = connect(service.port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  socket.write('GET /models HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100));
  await once(socket, 'close', { signal: AbortSignal.timeout(timeout) });
}

const manifests = (props?: MonitoringProps) => monitoredService(props);
const ruleFile = (props?: MonitoringProps): RuleFile => only(manifests(props), 'PrometheusRule').spec as RuleFile;
const rules = ruleFile().groups.flatMap((group) => group.rules);
const model = modelOf(dashboardOf(manifests()));

/** What Grafana replaces in a query, and an example of what it becomes. */
const substituted = (query: string): string =>
  query
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '1h')
    .replaceAll('$window', '1h')
    .replaceAll('$pod', target.pod)
    .replaceAll('$model', '.*');
const panelQueries = model.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, substituted(expr)] as const),
);
/** Where the dashboard's variables get their values from: `label_values(metric, label)`. */
const variables = model.templating.list.flatMap(({ name, query }) => {
  const [, expr, label] = /^label_values\((.*), (\w+)\)$/.exec((query as { query?: string }).query ?? '') ?? [];
  return expr === undefined ? [] : [{ name, expr, label: label! }];
});

/** Returns the labels of a metric; undefined if nothing exports it. */
function labelsOf(metric: string): ReadonlySet<string> | undefined {
  const scraped = series.get(metric);
  if (scraped !== undefined) return new Set([...Object.keys(target), ...scraped.flatMap(Object.keys)]);
  const others = rules.find(({ record }) => record === metric)?.labels;
  const labels = kubernetesMetrics[metric] ?? (others && Object.keys(others));
  return labels && new Set(labels);
}

/** Returns what in an expression selects nothing of what is exported. */
function problemsOf(expr: string): readonly string[] {
  const { selectors, grouping } = referencesOf(expr);
  const problems = selectors.flatMap((selector) => {
    const labels = labelsOf(selector.metric);
    if (labels === undefined) return [`nothing exports ${selector.metric}`];
    const missing = selector.matchers.filter(({ label }) => !labels.has(label));
    if (missing.length > 0) return missing.map(({ label }) => `${selector.metric} has no label ${label}`);
    const scraped = series.get(selector.metric) ?? [];
    const selected = scraped.some((each) => selects(selector, { ...target, ...each }));
    return scraped.length > 0 && !selected ? [`no series of ${selector.metric} matches in ${expr}`] : [];
  });
  const known = selectors.map(({ metric }) => labelsOf(metric));
  const unknown = grouping.filter((label) => !known.some((labels) => labels?.has(label)));
  return [...problems, ...unknown.map((label) => `no metric in ${expr} has the label ${label}`)];
}

test('a query of a metric, a label or a value that nothing exports is found', () => {
  expect(problemsOf('rate(rhizome_requests_total{code="503",pod=~"iris-server-.*"}[5m]) > 0')).toEqual([]);
  expect(problemsOf('rhizome_http_requests_total')).toEqual(['nothing exports rhizome_http_requests_total']);
  expect(problemsOf('sum by (status) (rhizome_requests_total{verb="GET"})')).toEqual([
    'rhizome_requests_total has no label verb',
    expect.stringMatching(/^no metric in .* has the label status$/),
  ]);
  expect(problemsOf('rhizome_request_duration_seconds_bucket{le="0.3"}')).toEqual([
    expect.stringMatching(/^no series of rhizome_request_duration_seconds_bucket matches/),
  ]);
});

test('every rule queries what the service, kube-state-metrics or the kubelet exports', () => {
  expect(rules.length).toBeGreaterThan(25);
  expect(rules.flatMap(({ expr }) => problemsOf(expr))).toEqual([]);
});

test('the texts of every alert name labels that it has', () => {
  for (const { alert, expr, labels, annotations = {} } of rules) {
    if (alert === undefined) continue;
    const { selectors, grouping } = referencesOf(expr);
    const all = selectors.flatMap(({ metric }) => [...(labelsOf(metric) ?? [])]);
    const has = new Set([...Object.keys(labels), ...(expr.includes('by (') ? grouping : all)]);
    const named = [
      ...Object.values(annotations)
        .join()
        .matchAll(/\$labels\.(\w+)/g),
    ].map(([, label]) => label!);
    expect([alert, named.filter((label) => !has.has(label))]).toEqual([alert, []]);
  }
});

test('every panel and variable of the dashboard queries what is exported', () => {
  expect(panelQueries.length).toBeGreaterThan(20);
  expect(panelQueries.flatMap(([, expr]) => problemsOf(expr))).toEqual([]);
  expect(variables.map(({ name }) => name)).toEqual(['model', 'pod']);
  for (const { expr, label } of variables) {
    expect(problemsOf(expr)).toEqual([]);
    expect(labelsOf(referencesOf(expr).selectors[0]!.metric)).toContain(label);
  }
});

test('the runbooks name queries, panels and commands that exist', async () => {
  const page = await readFile(join(root, 'docs/runbooks.md'), 'utf8');
  const code = [...page.matchAll(/`([^`]+)`/g)].map(([, text]) => text!.replace(/\s+/g, ' '));
  const queries = code.filter((text) => /^\w+[ (].*rhizome_/.test(text));
  expect(queries.length).toBeGreaterThan(1);
  expect(queries.flatMap(problemsOf)).toEqual([]);
  const commands = code.flatMap((text) => /^npx rhizome (\w+)/.exec(text)?.[1] ?? []);
  expect(commands.length).toBeGreaterThan(2);
  for (const command of commands) expect(await readdir(join(root, 'cli/commands'))).toContain(`${command}.ts`);
  // Pages of Prometheus and Grafana, and headings of kubectl, are in italics too.
  const others = new Set(['Graph', 'Explore', 'Events', 'Last State', 'Targets']);
  const titles = new Set(model.panels.map(({ title }) => title));
  const named = [...page.replace(/`[^`]*`/g, '').matchAll(/_([A-Z][^_]*)_/g)].map(([, name]) =>
    name!.replace(/\s+/g, ' '),
  );
  expect(named.filter((name) => titles.has(name)).length).toBeGreaterThan(5);
  expect(named.filter((name) => !titles.has(name) && !others.has(name))).toEqual([]);
});

testUnless(needs('promtool'), 'promtool accepts the rules, and their unit tests pass', async () => {
  const folder = join(dir, 'rules');
  await mkdir(folder);
  await writeFile(
    join(folder, 'rules.yaml'),
    JSON.stringify(ruleFile({ rules: { runbooks: 'https://runbooks.example' } })),
  );
  await cp(join(root, 'infra/observability/fixtures/alert-rules.promtool.yaml'), join(folder, 'tests.yaml'));
  const run = (...args: string[]) => execa(tool('promtool')!, args, { cwd: folder, all: true, reject: false, timeout });
  for (const args of [
    ['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml'],
    ['test', 'rules', 'tests.yaml'],
  ]) {
    const { all, exitCode } = await run(...args);
    expect([exitCode, all]).toEqual([0, expect.stringContaining('SUCCESS')]);
  }
});

testUnless(needs('prometheus'), 'Prometheus scrapes the service, runs every query, and fires an alert', async () => {
  const immediately = { alerts: { RhizomeRequestsRefused: { forSeconds: 0 } } };
  const prometheus = await startPrometheus(ruleFile({ rules: immediately }));
  try {
    const firing = async (): Promise<readonly string[]> => {
      const { alerts } = await prometheus.get<{ alerts: readonly Alert[] }>('alerts');
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname']!);
    };
    // A rate needs growth between two scrapes.
    await until(
      async () => {
        await overload();
        const names = await firing();
        return ['RhizomeRequestsRefused', 'RhizomeAvailabilityFastBurn'].every((name) => names.includes(name));
      },
      'the alerts fire',
      60,
    );
    await until(async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'), 'all rules ran');
    expect((await prometheus.rules()).filter(({ health }) => health !== 'ok')).toEqual([]);
    expect((await prometheus.rules()).length).toBe(rules.length);

    for (const [title, expr] of panelQueries) {
      const results = async () =>
        (await prometheus.get<{ result: readonly unknown[] }>('query', { query: expr })).result.length;
      // Without a cluster, nothing exports these. On a busy machine, a scrape may fail: the next one will not.
      if (/kube_|container_/.test(expr)) expect(await results()).toBe(0);
      else await until(async () => (await results()) > 0, `"${title}" shows ${expr}`);
    }
  } finally {
    await prometheus.stop();
  }
});

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}
interface EvaluatedRule {
  readonly name: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

/** Resolves with the address that Prometheus chose. */
function listening({ stderr }: ChildProcessByStdio<null, null, Readable>): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    createInterface(stderr)
      .on('line', (line) => {
        lines.push(line);
        const [, address] = /msg="Listening on" address=(\S+)/.exec(line) ?? [];
        if (address !== undefined) resolve(`http://${address}`);
      })
      .on('close', () => {
        reject(new Error(`Prometheus ended:\n${lines.join('\n')}`));
      });
  });
}

/** Starts a Prometheus with rules, which scrapes the service twice a second as if it were a pod. */
async function startPrometheus(file: RuleFile) {
  const folder = join(dir, 'prometheus');
  await mkdir(folder);
  await writeFile(join(folder, 'rules.yaml'), JSON.stringify(file));
  const { host } = new URL(service.managementUrl);
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ job_name: 'rhizome', static_configs: [{ targets: [host], labels: target }] }],
  };
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const child = spawn(
    tool('prometheus')!,
    ['--config.file=prometheus.yml', '--storage.tsdb.path=data', '--web.listen-address=127.0.0.1:0'],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], timeout: 2 * timeout },
  );
  const exited = once(child, 'exit');
  const url = await listening(child);
  const get = async <T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> => {
    const signal = AbortSignal.timeout(timeout);
    const response = await fetch(`${url}/api/v1/${path}?${String(new URLSearchParams(parameters))}`, { signal });
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    expect([status, error]).toEqual(['success', undefined]);
    return data;
  };
  return {
    get,
    rules: async (): Promise<readonly EvaluatedRule[]> =>
      (await get<{ groups: readonly { rules: readonly EvaluatedRule[] }[] }>('rules')).groups.flatMap(
        ({ rules: evaluated }) => evaluated,
      ),
    stop: async (): Promise<void> => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
