import type { k8s } from 'cdk8s-plus-27';
import { telemetryMounts, type VariableName } from '../../service/contract/index.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';

type TelemetryOf = Pick<ResolvedProps, 'name' | 'namespace' | 'tracing' | 'payloadLog'>;
type Environment = Partial<Record<VariableName, string>>;

/** Returns the environment variables of traces and of the payload log. */
export const telemetryVariables = (props: TelemetryOf): Environment => ({
  ...((props.tracing ?? props.payloadLog) && { OTEL_SERVICE_NAME: props.name }),
  ...tracingVariables(props),
  ...payloadLogVariables(props),
});

function tracingVariables({ name, namespace, tracing }: TelemetryOf): Environment {
  if (tracing === undefined) return {};
  const { endpoint, sampleRatio = 0.1, attributes = {}, headersSecret } = tracing;
  const resource = { 'k8s.namespace.name': namespace, 'k8s.deployment.name': name, ...attributes };
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: String(sampleRatio),
    OTEL_RESOURCE_ATTRIBUTES: Object.entries(resource)
      .map((pair) => pair.map(encodeURIComponent).join('='))
      .join(','),
    ...(headersSecret !== undefined && { OTEL_EXPORTER_OTLP_HEADERS_FILE: pathOf('tracing-headers') }),
  };
}

function payloadLogVariables({ payloadLog }: TelemetryOf): Environment {
  if (payloadLog === undefined) return {};
  const { to, sampleRatio = 0.01, redact = [], hash = [], batches, maxBytes } = payloadLog;
  return {
    PAYLOAD_LOG: to,
    PAYLOAD_LOG_SAMPLE: String(sampleRatio),
    ...(redact.length > 0 && { PAYLOAD_LOG_REDACT: redact.join(',') }),
    ...(hash.length > 0 && { PAYLOAD_LOG_HASH: hash.join(',') }),
    ...(payloadLog.hashKeySecret !== undefined && { PAYLOAD_LOG_HASH_KEY_FILE: pathOf('payload-log-key') }),
    ...(payloadLog.headersSecret !== undefined && { PAYLOAD_LOG_HEADERS_FILE: pathOf('payload-log-headers') }),
    ...(batches === true && { PAYLOAD_LOG_FORMAT: 'cloudevents-batch' }),
    ...(maxBytes !== undefined && { PAYLOAD_LOG_MAX_BYTES: String(maxBytes) }),
  };
}

type Mount = keyof typeof telemetryMounts;

const pathOf = (mount: Mount): string => `${telemetryMounts[mount].dir}/${telemetryMounts[mount].file}`;

/** Returns the Secrets that are mounted, by the name of their volume. */
const secretsOf = ({ tracing, payloadLog }: TelemetryOf): readonly (readonly [Mount, string])[] =>
  (
    [
      ['tracing-headers', tracing?.headersSecret],
      ['payload-log-headers', payloadLog?.headersSecret],
      ['payload-log-key', payloadLog?.hashKeySecret],
    ] as const
  ).flatMap(([mount, secret]) => (secret === undefined ? [] : [[mount, secret] as const]));

/**
 * The Secrets with the credentials for the receivers of traces and of the payload log, and with the key of its hashes.
 * Without one of them, or its entry, the pods do not start.
 *
 * @explains PodSpec.volumes[name=tracing-headers].**
 * @explains PodSpec.volumes[name=payload-log-headers].**
 * @explains PodSpec.volumes[name=payload-log-key].**
 * @explains Container.volumeMounts[name=tracing-headers].**
 * @explains Container.volumeMounts[name=payload-log-headers].**
 * @explains Container.volumeMounts[name=payload-log-key].**
 * @without A receiver that asks for credentials refuses what the pods send.
 * @setBy tracing
 * @setBy payloadLog
 */
export const telemetryVolumes = (props: TelemetryOf): k8s.Volume[] =>
  secretsOf(props).map(([name, secretName]) => {
    const { file } = telemetryMounts[name];
    return { name, secret: { secretName, items: [{ key: file, path: file }] } };
  });

export const telemetryMountsOf = (props: TelemetryOf): k8s.VolumeMount[] =>
  secretsOf(props).map(([name]) => ({ name, mountPath: telemetryMounts[name].dir, readOnly: true }));
