import { App, Chart, Testing } from 'cdk8s';
import { PredictionService } from './constructs/prediction-service.ts';
import type { PredictionServiceProps } from './constructs/prediction-service-props.ts';

/** A manifest, as tests look into it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

export const minimalProps = { name: 'iris-server', image: 'iris-server:v0.1.0' } as const satisfies PredictionServiceProps;

/** The manifests of one construct, made by `build` in a chart of its own. */
export function synthesized(build: (chart: Chart) => unknown): readonly Manifest[] {
  // Testing.chart() would leave a folder in the machine's temporary one each time.
  const chart = new Chart(new App(), 'test');
  build(chart);
  return Testing.synth(chart) as Manifest[];
}

/** The manifests of a PredictionService with some props changed. */
export function predictionService(props: Partial<PredictionServiceProps> = {}): readonly Manifest[] {
  return synthesized((chart) => new PredictionService(chart, 'service', { ...minimalProps, ...props }));
}

/** The only manifest of a kind; a `headless Service` counts as a kind of its own. */
export function only(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...more] = manifests.filter((manifest) => kindOf(manifest) === kind);
  if (found === undefined || more.length > 0) throw new Error(`expected one ${kind}, found ${found ? 1 + more.length : 'none'}`);
  return found;
}

const kindOf = (manifest: Manifest): string => (at(manifest, 'spec.clusterIP') === 'None' ? 'headless Service' : manifest.kind);

/** The value at a dotted path: `spec.template.spec.containers.0.image`. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
