import { serviceProps, type PropTypes } from '../props/checks/types.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { defined } from '../props/resolved-props.ts';

/** Props that a variant does not have of its own: they say where it is and how it is reached, or are derived. */
const commonProps = [
  ...(['name', 'namespace', 'kubernetesVersion', 'trafficDistribution', 'replicas'] as const),
  ...(['grpc', 'nodePort', 'grpcNodePort', 'nodePortRange'] as const),
] as const;
type CommonProp = (typeof commonProps)[number];

/**
 * Props in which the pods of a variant differ from those of its service. Each replaces the value of the service as a
 * whole: `settings` here are all settings of the variant.
 */
export type Overrides = Omit<PredictionServiceProps, CommonProp | 'image'> &
  Partial<Pick<PredictionServiceProps, 'image'>>;

/** The type of each override, for `findMistypedProps`. */
export const overrideTypes = Object.fromEntries(
  Object.entries(serviceProps).filter(([prop]) => !(commonProps as readonly string[]).includes(prop)),
) as PropTypes<Overrides>;

/** Settings that only the service itself has: its variants do not send copies of requests. */
const ownSettings: ReadonlySet<string> = new Set(['SHADOW_URL', 'SHADOW_SAMPLE', 'SHADOW_TOLERANCE']);

/**
 * Returns the props of a variant: those of its service, and what differs. What is derived from the name of the service,
 * such as its Secret with the API key, stays the same.
 */
export function variantProps(
  given: PredictionServiceProps,
  overrides: Partial<PredictionServiceProps> & Pick<PredictionServiceProps, 'name' | 'replicas'>,
): PredictionServiceProps {
  const { nodePort: _, grpcNodePort: _grpc, settings = {}, ...common } = given;
  const props: PredictionServiceProps = {
    namespace: given.name,
    ...defined(common),
    settings: Object.fromEntries(Object.entries(settings).filter(([name]) => !ownSettings.has(name))),
    ...defined(overrides),
    name: overrides.name,
  };
  // As for every service, there is no such Secret by default if requests need a token.
  return props.jwt === undefined ? { apiKeySecret: `${given.name}-api-key`, ...props } : props;
}
