/** The cdk8s constructs of Rhizome, for your own cdk8s apps: `rhizome-kit/infra`. */
export { ExternalApiKey, type ExternalApiKeyProps, type RemoteKey } from './authentication/external-api-key.ts';
export { Autoscaling, type AutoscalingProps } from './autoscaling/autoscaling.ts';
export { KedaAutoscaling, type KedaAutoscalingProps, type PrometheusQuery } from './autoscaling/keda-autoscaling.ts';
export type { LoadTargets } from './autoscaling/load-targets.ts';
export type { ReplicaBounds } from './autoscaling/replica-bounds.ts';
export type { ScalingSpeed, ScalingSpeeds } from './autoscaling/scaling-speed.ts';
export { VerticalPodAutoscaler, type VerticalPodAutoscalerProps } from './autoscaling/vertical-pod-autoscaler.ts';
export { PredictionChart, type PredictionChartProps } from './charts/prediction-chart.ts';
export { PriorityClass, type PriorityClassProps } from './constructs/priority-class.ts';
export { PredictionService } from './constructs/prediction-service.ts';
export { RestrictedNamespace, type RestrictedNamespaceProps } from './constructs/restricted-namespace.ts';
export { SettingsMap, type SettingsMapProps } from './constructs/settings-map.ts';
export type { ModelClaim, ModelConfigMap, ModelDownload, ModelImage, ModelSource } from './models/model-source.ts';
export { objectLabels, selectorLabels, type Labels, type Variant } from './metadata/labels.ts';
export { AlertRules, type AlertOverride, type AlertRulesProps } from './observability/alert-rules.ts';
export type { AlertSeverity } from './observability/alert.ts';
export type { AlertName } from './observability/alerts.ts';
export type { DriftLimits } from './observability/drift.ts';
export { Dashboard, type DashboardProps } from './observability/dashboard.ts';
export type { LatencyObjective, LatencyThreshold } from './observability/objectives.ts';
export { PodMonitor, type PodMonitorProps } from './observability/pod-monitor.ts';
export { scrapeAnnotations } from './observability/scrape-annotations.ts';
export { localProfile } from './profiles/local.ts';
export { productionProfile } from './profiles/production.ts';
export type { JwtProps } from './props/jwt-props.ts';
export { InvalidPropsError, type InvalidProp } from './props/invalid-props-error.ts';
export { kubernetesVersions, type KubernetesVersion } from './kubernetes-schemas/versions.ts';
export type { Accelerator, EntryReference, ExtraVolume, PodProps } from './props/pod-props.ts';
export { recordedImage, type RecordedImage, type RecordedImages } from './props/recorded-images.ts';
export type {
  PredictionServiceProps,
  RequestAndLimit,
  Resources,
  Spread,
  TrafficDistribution,
} from './props/prediction-service-props.ts';
export { Canary } from './rollouts/canary.ts';
export type { CanaryOptions, CanaryProps } from './rollouts/canary-props.ts';
export type { Overrides } from './rollouts/overrides.ts';
export type { Rollout } from './rollouts/rollout.ts';
export { shadowSettings, type Sampling, type ShadowOptions, type ShadowProps } from './rollouts/shadow-props.ts';
export { Shadow } from './rollouts/shadow.ts';
export type { Admission } from './routes/admission.ts';
export type { GatewayRoutesProps, GrpcRoute, ParentRef, Retries } from './routes/gateway-props.ts';
export { GatewayRoutes } from './routes/gateway-routes.ts';
export { IngressRoute, type IngressRouteProps } from './routes/ingress-route.ts';
export type { Settings } from './props/settings.ts';
export type { PayloadLog, Receiver, TelemetryProps, Tracing } from './props/telemetry-props.ts';
export { synthesize } from './synthesize.ts';
export { AllowedRegistries, type AllowedRegistriesProps } from './tenants/allowed-registries.ts';
export type { Quota } from './tenants/quota.ts';
export { TenantNamespace, type TenantNamespaceProps } from './tenants/tenant-namespace.ts';
export type { TokenAlgorithm } from '../service/contract/index.ts';
// Names that monitors, alert rules and load balancers refer to.
export { metrics, paths, ports } from '../service/contract/index.ts';
