import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { durationBounds } from '../../service/contract/index.ts';
import { only } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { AlertRulesProps } from './alert-rules.ts';
import { alerts } from './alerts.ts';
import { monitoredService, type Rule, type RuleFile } from './fixtures/monitored.ts';
import { podPattern } from './promql.ts';

type Props = Omit<AlertRulesProps, 'service'>;
const manifest = (rules: Props = {}) => only(monitoredService({ rules }), 'PrometheusRule');
const rulesOf = (props?: Props): readonly Rule[] =>
  (manifest(props).spec as RuleFile).groups.flatMap(({ rules }) => rules);
const alertsOf = (props?: Props): Readonly<Record<string, Rule>> =>
  Object.fromEntries(rulesOf(props).flatMap((rule) => (rule.alert === undefined ? [] : [[rule.alert, rule]])));

test('every alert says how urgent it is, what it is about, and where its runbook is', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/runbooks.md'), 'utf8');
  const rules = alertsOf();
  // The runbook has a section for each alert, in the same order, and no others.
  expect([...page.matchAll(/^## (Rhizome\w+)$/gm)].map(([, name]) => name)).toEqual(Object.keys(rules));
  for (const [name, { labels, annotations }] of Object.entries(rules)) {
    expect(labels).toMatchObject({ namespace: 'iris-server', service: 'iris-server' });
    expect(['critical', 'warning']).toContain(labels['severity']);
    expect(annotations?.['runbook_url']).toBe(
      `https://github.com/rhizome-kit/rhizome/blob/main/docs/runbooks.md#${name.toLowerCase()}`,
    );
    for (const text of ['summary', 'description']) expect(annotations?.[text]).toMatch(/^\S.*\.$/);
  }
});

test('the objectives reach the rules', () => {
  const props: Props = { availability: 0.99, latency: { objective: 0.95, thresholdSeconds: 2.5 } };
  const { RhizomeAvailabilityFastBurn, RhizomeLatencySlowBurn } = alertsOf(props);
  expect(RhizomeAvailabilityFastBurn?.expr).toContain('> 14.4 * (1 - 0.99)');
  expect(RhizomeLatencySlowBurn?.expr).toContain('> 3 * (1 - 0.95)');
  const recorded = rulesOf(props).filter(({ record }) => record?.includes('latency'));
  expect(recorded).toHaveLength(7);
  for (const { expr } of recorded) expect(expr).toContain('le="2.5"');
});

test.each([1, 10] as const)('a threshold of %d seconds finds its bucket in every version of Prometheus', (seconds) => {
  const [rule] = rulesOf({ latency: { objective: 0.99, thresholdSeconds: seconds } }).filter(({ record }) =>
    record?.includes('latency'),
  );
  expect(rule?.expr).toContain(`le=~"${seconds}|${seconds}.0"`);
});

test('an alert can be changed or turned off by its name', () => {
  const changed = alertsOf({
    alerts: {
      RhizomeRequestsRefused: { severity: 'info', forSeconds: 0 },
      RhizomeQueueSlow: { forSeconds: 90 },
      RhizomeMemoryNearLimit: { forSeconds: 1800 },
      RhizomeModelNotVerified: false,
    },
  });
  expect(changed['RhizomeRequestsRefused']?.labels['severity']).toBe('info');
  expect(changed['RhizomeRequestsRefused']).not.toHaveProperty('for');
  expect(changed['RhizomeQueueSlow']).toMatchObject({ for: '90s', labels: { severity: 'warning' } });
  expect(changed['RhizomeMemoryNearLimit']?.for).toBe('30m');
  const others = (rules: Readonly<Record<string, Rule>>) =>
    Object.values(rules).filter(({ alert }) => !/Refused|QueueSlow|NearLimit|NotVerified/.test(alert!));
  expect(others(changed)).toEqual(others(alertsOf()));
  expect(changed).not.toHaveProperty('RhizomeModelNotVerified');
});

test('the alerts on drift exist if the service counts values, with the limits of the props', () => {
  const drift = alertsOf({ drift: { outside: 0.2, stabilityIndex: 0.5 } });
  expect(drift['RhizomeFeatureOutOfRange']?.expr).toContain(' > 0.2\n');
  for (const name of ['RhizomeFeatureDrift', 'RhizomePredictionDrift']) expect(drift[name]?.expr).toContain(' > 0.5\n');
  expect(alertsOf({ drift: { outside: 0.2 } })['RhizomeFeatureDrift']?.expr).toContain(' > 0.25\n');
  for (const settings of [{}, { DRIFT_SAMPLE: '0' }]) {
    const { groups } = only(monitoredService({ service: { settings } }), 'PrometheusRule').spec as RuleFile;
    const names = groups.flatMap(({ rules }) => rules.flatMap(({ alert = '' }) => alert));
    expect(names).toContain('RhizomeScrapeFailing');
    expect(names.filter((name) => /Drift|OutOfRange/.test(name))).toEqual([]);
  }
});

test('the alert on the keys of tokens exists if requests may have tokens', () => {
  expect(alertsOf()['RhizomeTokenKeysNotFetched']).toMatchObject({
    expr: expect.stringMatching(/^rhizome_token_key_age_seconds\{.*\} > 900$/) as string,
    for: '5m',
  });
  const { groups } = only(monitoredService({ service: {} }), 'PrometheusRule').spec as RuleFile;
  const names = groups.flatMap(({ rules }) => rules.flatMap(({ alert = '' }) => alert));
  expect(names).toContain('RhizomeScrapeFailing');
  expect(names).not.toContain('RhizomeTokenKeysNotFetched');
});

test('labels and the page of runbooks reach the manifest', () => {
  const { metadata } = manifest({ labels: { release: 'monitoring' } });
  expect(metadata).toMatchObject({ name: 'iris-server', namespace: 'iris-server', labels: { release: 'monitoring' } });
  const { RhizomeScrapeFailing } = alertsOf({ runbooks: 'https://wiki.example/runbooks' });
  expect(RhizomeScrapeFailing?.annotations?.['runbook_url']).toBe('https://wiki.example/runbooks#rhizomescrapefailing');
});

test.each<[prop: string, props: object, message: RegExp]>([
  ['availability', { availability: 1 }, /1 is not a valid objective\.\n +Use a share from 0\.95 to 0\.99999/],
  ['availability', { availability: 99.9 }, /99\.9 is not a valid objective/],
  ['availability', { availability: 0.9 }, /0\.9 is not a valid objective/],
  ['availability', { availability: Number.NaN }, /is not a valid objective/],
  ['latency.objective', { latency: { objective: 0, thresholdSeconds: 1 } }, /0 is not a valid objective/],
  [
    'latency.thresholdSeconds',
    { latency: { objective: 0.99, thresholdSeconds: 0.3 } },
    new RegExp(`0\\.3 is not a bucket of the histogram of durations\\.\n +Use one of these: .*${durationBounds[10]}`),
  ],
  ['drift.outside', { drift: { outside: 5 } }, /5 is not a valid share\.\n +Use a share above 0 and below 1/],
  ['drift.stabilityIndex', { drift: { stabilityIndex: 0 } }, /0 is not a valid index\.\n +Use a number above 0/],
  [
    'alerts.RhizomeQueueSlowly',
    { alerts: { RhizomeQueueSlowly: false } },
    /false changes an alert that does not exist\.\n +Use one of these: .*RhizomeQueueSlow,/,
  ],
  ['alerts.RhizomeQueueSlow.severity', { alerts: { RhizomeQueueSlow: { severity: 'page' } } }, /is not a severity/],
  [
    'alerts.RhizomeQueueSlow.forSeconds',
    { alerts: { RhizomeQueueSlow: { forSeconds: -1 } } },
    /-1 is not a valid time/,
  ],
])('%s: an invalid value is refused (%j)', (prop, props, message) => {
  const build = (): unknown => manifest(props);
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(new RegExp(`^AlertRules of 'iris-server' has 1 invalid prop:\n {2}${prop}: `));
  expect(build).toThrow(message);
});

test('the expressions match the pods of the service, and of no other one', () => {
  const pods = (name: string) => new RegExp(`^(?:${podPattern({ name, namespace: 'flowers' })})$`);
  expect('iris-7d9c5b4f6d-x2x9p').toMatch(pods('iris'));
  expect('iris-wine-7d9c5b4f6d-x2x9p').not.toMatch(pods('iris'));
  expect('iris-7d9c5b4f6d-x2x9p').not.toMatch(pods('iris-wine'));
  // Kubernetes cuts `NAME-HASH-` after 58 characters.
  for (const length of [46, 47, 48, 57, 58, 63]) {
    const name = 'i'.repeat(length);
    expect(`${`${name}-7d9c5b4f6d-`.slice(0, 58)}x2x9p`).toMatch(pods(name));
  }
});

test('promtool tests every alert', () => {
  const tests = readFileSync(join(import.meta.dirname, 'fixtures/alert-rules.promtool.yaml'), 'utf8');
  for (const name of Object.keys(alerts)) expect(tests).toMatch(new RegExp(`alertname: ${name}\n.*\n +exp_alerts:`));
});
