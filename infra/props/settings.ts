import type { VariableName, variables } from '../../service/contract/index.ts';

/**
 * Environment variables that `settings` does not accept, each with what to use instead: other props set them, or they
 * belong in a Secret.
 */
export const managedSettings = {
  PORT: 'Leave it out: the probes and the Service rely on the default port.',
  GRPC_PORT: 'Use the prop grpc, which also configures the Services and the NetworkPolicy.',
  MANAGEMENT_PORT: 'Leave it out: the probes and the NetworkPolicy rely on port 8002.',
  PUBLIC_PROBES: 'Use the prop publicProbes.',
  PUBLIC_DOCS: 'Use the prop publicDocs.',
  PLAYGROUND: 'Use the prop playground.',
  HOST: 'Leave it out: pods listen on every address.',
  DRAIN_DELAY_SECONDS: 'Use the prop drainDelaySeconds.',
  GRACE_PERIOD_SECONDS: 'Use the prop gracePeriodSeconds.',
  REQUEST_TIMEOUT_SECONDS: 'Use the prop requestTimeoutSeconds.',
  EXECUTION_PROVIDER: 'Use the prop accelerator, which also requests a GPU.',
  INFERENCE_THREADS: 'Leave it out: it follows resources.cpu.limit.',
  API_KEY: 'Put the key into a Secret, and set apiKeySecret to the name of that Secret.',
  API_KEY_FILE: 'Put the key into a Secret, and set apiKeySecret to the name of that Secret.',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'Use the prop tracing, which also configures the NetworkPolicy.',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'Use the prop tracing, which also configures the NetworkPolicy.',
  OTEL_EXPORTER_OTLP_HEADERS: 'Put them into a Secret, and set tracing.headersSecret to the name of that Secret.',
  OTEL_EXPORTER_OTLP_HEADERS_FILE: 'Set tracing.headersSecret to the name of a Secret.',
  OTEL_SERVICE_NAME: 'Leave it out: it is the name of the service.',
  OTEL_RESOURCE_ATTRIBUTES: 'Use tracing.attributes.',
  OTEL_TRACES_SAMPLER: 'Use tracing.sampleRatio.',
  OTEL_TRACES_SAMPLER_ARG: 'Use tracing.sampleRatio.',
  PAYLOAD_LOG: 'Use the prop payloadLog, which also configures the NetworkPolicy.',
  PAYLOAD_LOG_SAMPLE: 'Use payloadLog.sampleRatio.',
  PAYLOAD_LOG_REDACT: 'Use payloadLog.redact.',
  PAYLOAD_LOG_HASH: 'Use payloadLog.hash.',
  PAYLOAD_LOG_HASH_KEY_FILE: 'Set payloadLog.hashKeySecret to the name of a Secret.',
  PAYLOAD_LOG_FORMAT: 'Use payloadLog.batches.',
  PAYLOAD_LOG_MAX_BYTES: 'Use payloadLog.maxBytes.',
  PAYLOAD_LOG_HEADERS_FILE: 'Set payloadLog.headersSecret to the name of a Secret.',
  JWT_ISSUER: 'Use the prop jwt.issuer.',
  JWT_AUDIENCE: 'Use the prop jwt.audience.',
  JWT_JWKS_URL: 'Use the prop jwt.jwksUrl, which also lets the NetworkPolicy allow the connection.',
  JWT_JWKS_INSECURE: 'Use the prop jwt.insecureJwks.',
  JWT_ALGORITHMS: 'Use the prop jwt.algorithms.',
  JWT_LEEWAY_SECONDS: 'Use the prop jwt.leewaySeconds.',
} as const satisfies Partial<Record<VariableName, string>>;

type SettingName = Exclude<VariableName, keyof typeof managedSettings>;

type ValueOf<Variable> = Variable extends { readonly values: readonly (infer Value)[] } ? Value : string;

/** Environment variables of the service, by name. `node service/main.ts --help` describes each. */
export type Settings = { readonly [Name in SettingName]?: ValueOf<(typeof variables)[Name]> };
