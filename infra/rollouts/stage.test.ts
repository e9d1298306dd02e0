import { App } from 'cdk8s';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PredictionChartProps } from '../charts/prediction-chart.ts';
import { minimalProps } from '../fixtures/manifests.ts';
import { synthesize } from '../synthesize.ts';
import { atStage, canaryStageVariable, type CanaryStage } from './stage.ts';

const canary = { image: 'iris-server:v0.2.0', weight: 50, traffic: true } as const;
const props: PredictionChartProps = { ...minimalProps, settings: { LOG_LEVEL: 'debug' }, rollout: { canary } };

test.each<[CanaryStage | undefined, PredictionChartProps]>([
  [undefined, props],
  ['hold', { ...props, rollout: { canary: { ...canary, traffic: false } } }],
  ['promote', { ...props, image: 'iris-server:v0.2.0', rollout: {} }],
  ['remove', { ...props, rollout: {} }],
])('at the stage %s', (stage, expected) => {
  expect(atStage(props, stage)).toEqual(expected);
});

test('without a canary, a stage changes nothing', () => {
  expect(atStage(minimalProps, 'promote')).toBe(minimalProps);
});

describe('synthesize', () => {
  let outdir: string;
  beforeEach(() => {
    outdir = mkdtempSync(join(tmpdir(), 'rhizome-stage-'));
  });
  afterEach(() => {
    Reflect.deleteProperty(process.env, canaryStageVariable);
    process.exitCode = undefined;
    rmSync(outdir, { recursive: true });
  });
  const run = (local: PredictionChartProps) => {
    const said = [jest.spyOn(console, 'log'), jest.spyOn(console, 'error')].map((spy) => spy.mockReturnValue());
    synthesize(new App({ outdir }), () => ({ local, other: props }));
    const lines = said.flatMap((spy) => spy.mock.calls.map(([line]) => String(line)));
    jest.restoreAllMocks();
    return lines;
  };

  test('says which share a canary gets, and RHIZOME_CANARY sets the stage of one environment', () => {
    expect(run(props)).toEqual([
      'local: the canary gets 50 % of the connections: it has 2 pods',
      'other: the canary gets 50 % of the connections: it has 2 pods',
    ]);
    process.env[canaryStageVariable] = 'promote';
    expect(run(props)).toEqual(['other: the canary gets 50 % of the connections: it has 2 pods']);
    const local = readFileSync(join(outdir, 'local.k8s.yaml'), 'utf8');
    expect(local).toContain('image: iris-server:v0.2.0');
    expect(local).not.toContain('image: iris-server:v0.1.0');
  });

  test('refuses a canary that no gateway leads to, and writes no file', () => {
    const [message] = run({ ...props, rollout: { canary: { ...canary, split: 'gateway' } } });
    expect(message).toContain('rollout.canary.split: "gateway" needs GatewayRoutes, or no request reaches it.');
    expect([process.exitCode, readdirSync(outdir)]).toEqual([1, []]);
  });
});
