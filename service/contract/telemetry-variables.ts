import { booleans, type Variable } from './variable.ts';

/** Traces, with the names that OpenTelemetry gives them, and the payload log. Both are off by default. */
export const telemetryVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    description:
      'URL of an OTLP/HTTP receiver, such as http://collector:4318, which gets traces; if unset, there are none',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    description: 'URL for traces, as it is; if unset, OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    description: 'headers for the receiver, as name=value,name=value with percent-encoded values',
  },
  OTEL_EXPORTER_OTLP_HEADERS_FILE: {
    description: 'file with such headers, for credentials; it is read for each request',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    default: 'http/protobuf',
    values: ['http/protobuf'],
    description: 'how traces are sent; http/protobuf is the only one',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: {
    default: '10000',
    unit: 'milliseconds',
    description: 'how long the receiver may take to accept a batch',
  },
  OTEL_SERVICE_NAME: { default: 'rhizome', description: 'name of the service in traces and in the payload log' },
  OTEL_RESOURCE_ATTRIBUTES: {
    description: 'attributes of the service in traces, as name=value,name=value with percent-encoded values',
  },
  OTEL_TRACES_SAMPLER: {
    default: 'parentbased_always_on',
    values: [
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
      'always_on',
      'always_off',
      'traceidratio',
    ],
    description: 'which requests are traced; parentbased ones leave it to the caller, if it sends a traceparent',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    default: '1',
    description: 'share of the requests that traceidratio traces, from 0 to 1',
  },
  OTEL_BSP_SCHEDULE_DELAY: {
    default: '5000',
    unit: 'milliseconds',
    description: 'longest time that spans wait to be sent together',
  },
  OTEL_BSP_MAX_QUEUE_SIZE: {
    default: '4096',
    unit: 'spans',
    description: 'most spans that wait to be sent; further ones are dropped and counted',
  },
  OTEL_SDK_DISABLED: { default: 'false', values: booleans, description: 'if true, there are no traces' },
  PAYLOAD_LOG: {
    description:
      'where sampled requests and their responses are logged: stdout, or the URL of a receiver of CloudEvents; if ' +
      'unset, nowhere',
  },
  PAYLOAD_LOG_SAMPLE: { default: '0.01', description: 'share of the requests that are logged, from 0 to 1' },
  PAYLOAD_LOG_REDACT: { description: 'names of features, inputs and outputs whose values are not logged, by commas' },
  PAYLOAD_LOG_HASH: { description: 'names of features of which only a keyed hash is logged, separated by commas' },
  PAYLOAD_LOG_HASH_KEY_FILE: { description: 'file with the key of these hashes, at least 16 bytes' },
  PAYLOAD_LOG_FORMAT: {
    default: 'cloudevents',
    values: ['cloudevents', 'cloudevents-batch'],
    description: 'whether a receiver gets each event by itself, or several in one request',
  },
  PAYLOAD_LOG_MAX_BYTES: {
    default: '16384',
    unit: 'bytes',
    description: 'largest request or response that is logged whole; of a larger one, the log has size, shape and type',
  },
  PAYLOAD_LOG_HEADERS_FILE: {
    description: 'file with headers for the receiver, as name=value,name=value; it is read for each request',
  },
} as const satisfies Record<string, Variable>;
