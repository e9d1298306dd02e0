import type { PredictionService } from '../constructs/prediction-service.ts';
import { shadowName } from '../metadata/names.ts';
import type { PropTypes } from '../props/checks/types.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import type { Settings } from '../props/settings.ts';
import { overrideTypes, type Overrides } from './overrides.ts';

/** What a shadow runs. */
export interface ShadowOptions extends Omit<Overrides, 'allowFrom'> {
  /**
   * Number of pods of the shadow, 1 or more. What they cannot process in time is not compared.
   * @default 1
   */
  readonly replicas?: number;
}

/** Which requests a shadow gets, and when its answers count as different. */
export interface Sampling {
  /**
   * The share of the requests that are copied: 0 to 1.
   * @default 0.1
   */
  readonly sample?: number;

  /**
   * How far two numbers may be apart and still count as the same, relative to that of the service: 0 to 1.
   * @default 0.0001
   */
  readonly tolerance?: number;
}

/** Props of Shadow. */
export interface ShadowProps extends ShadowOptions {
  /** The service whose requests are copied. Its settings name the shadow: see `shadowSettings`. */
  readonly service: PredictionService;
}

/** The type of each option, for `findMistypedProps`. */
export const shadowTypes: PropTypes<ShadowOptions> = (({ allowFrom: _, ...types }) => ({
  ...types,
  replicas: 'number' as const,
}))(overrideTypes);

/** The type of each prop of `Sampling`, for `findMistypedProps`. */
export const samplingTypes: PropTypes<Sampling> = { sample: 'number', tolerance: 'number' };

/**
 * Returns the settings with which a service sends copies of requests to its shadow. Spread them into its `settings`.
 *
 * @param service its name and namespace
 */
export function shadowSettings(
  { name, namespace = name }: Pick<PredictionServiceProps, 'name' | 'namespace'>,
  { sample, tolerance }: Sampling = {},
): Settings {
  return {
    SHADOW_URL: shadowUrl({ name, namespace }),
    ...(sample !== undefined && { SHADOW_SAMPLE: decimal(sample) }),
    ...(tolerance !== undefined && { SHADOW_TOLERANCE: decimal(tolerance) }),
  };
}

/** The address of a shadow. With its namespace, NetworkPolicies need not guess what it is. */
const shadowUrl = ({ name, namespace }: { readonly name: string; readonly namespace: string }): string =>
  `http://${shadowName(name)}.${namespace}.svc`;

/** Writes a number without an exponent, as settings have to be. */
const decimal = (value: number): string =>
  Number.isFinite(value) ? value.toFixed(12).replace(/\.?0+$/, '') : String(value);

/** Checks that the service sends copies to the shadow. */
export function* checkShadow({ service, replicas = 1 }: ShadowProps): Generator<InvalidProp> {
  const { settings } = service.resolved;
  const wanted = shadowUrl(service.resolved);
  if (settings.SHADOW_URL !== wanted) {
    const fix = 'Add `...shadowSettings({ name, namespace })` to the settings of the service.';
    const reason = `has the setting SHADOW_URL ${settings.SHADOW_URL ?? 'unset'}, not ${wanted}`;
    yield { prop: 'service', value: service.resolved.name, reason, fix };
  }
  if (Number.isInteger(replicas) && replicas >= 1) return;
  yield { prop: 'replicas', value: replicas, reason: 'is not a number of pods', fix: 'Use a whole number, 1 or more.' };
}
