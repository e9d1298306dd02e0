/** What Kubernetes is told, for cdk8s apps of one's own: `rhizome-kit/infra`. */
export { PredictionChart, type PredictionChartProps } from './charts/prediction-chart.ts';
export { InvalidPropsError, type Problem } from './props/invalid-props-error.ts';
export { objectLabels, selectorLabels, type Labels } from './metadata/labels.ts';
export type { Amount, PredictionServiceProps, Resources, Settings } from './props/prediction-service-props.ts';
export { PredictionService } from './constructs/prediction-service.ts';
export { RestrictedNamespace, type RestrictedNamespaceProps } from './constructs/restricted-namespace.ts';
export { localProfile } from './profiles/local.ts';
export { productionProfile } from './profiles/production.ts';
export { synthesize } from './synthesize.ts';
// Names that others than the constructs refer to: a monitor, a rule, a probe of a load balancer.
export { metrics, paths, ports } from '../service/contract/index.ts';
