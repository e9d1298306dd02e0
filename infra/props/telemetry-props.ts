import type { Labels } from '../metadata/labels.ts';

/** What sends data out of the cluster, or to another service in it: the NetworkPolicy then allows the connection. */
export interface Receiver {
  /**
   * Name of a Secret whose entry `headers` has headers for the receiver, such as credentials: `name=value`, one a line,
   * with percent-encoded values. A changed Secret takes effect within a minute or two.
   * @default none
   */
  readonly headersSecret?: string;
  /**
   * Port of the pods behind the receiver, if it is a Service whose port is another one: a NetworkPolicy sees this port.
   * @default the port in the URL; without one there, every port of the receiver's namespace
   */
  readonly podPort?: number;
  /**
   * Whether a receiver outside the cluster may have a private address.
   * @default false
   */
  readonly privateNetwork?: boolean;
}

/** Traces of requests. */
export interface Tracing extends Receiver {
  /** URL of an OTLP/HTTP receiver, to which `/v1/traces` is added: `http://collector.monitoring.svc:4318`. */
  readonly endpoint: string;
  /**
   * Share of the requests that are traced, from 0 to 1, if the caller has not decided whether its trace is recorded.
   * @default 0.1
   */
  readonly sampleRatio?: number;
  /**
   * Attributes of the service, such as `{ 'deployment.environment.name': 'production' }`. Its name, namespace and
   * Deployment are there already.
   * @default none
   */
  readonly attributes?: Labels;
}

/** The log of requests and responses. */
export interface PayloadLog extends Receiver {
  /** `stdout`, or the URL of a receiver of CloudEvents: `http://events.data.svc:8080`. */
  readonly to: string;
  /**
   * Share of the requests that are logged, from 0 to 1.
   * @default 0.01
   */
  readonly sampleRatio?: number;
  /**
   * Names of features, inputs and outputs whose values are not logged.
   * @default none: every value is logged
   */
  readonly redact?: readonly string[];
  /**
   * Names of features of which only a keyed hash is logged. Needs `hashKeySecret`.
   * @default none
   */
  readonly hash?: readonly string[];
  /**
   * Name of a Secret whose entry `hash-key` has the key of these hashes, at least 16 bytes.
   * @default none
   */
  readonly hashKeySecret?: string;
  /**
   * Whether several events are sent in one request, which not every receiver understands.
   * @default false
   */
  readonly batches?: boolean;
  /**
   * Largest request or response, in bytes, that is logged whole, from 256 to 1048576. Of a larger one, the log has its
   * size, or shape and type.
   * @default 16384
   */
  readonly maxBytes?: number;
}

/** Props for what leaves the service besides responses, logs and metrics. */
export interface TelemetryProps {
  /**
   * Sends traces of requests to a receiver of OpenTelemetry.
   * @default no traces
   */
  readonly tracing?: Tracing;
  /**
   * Logs a sample of the requests with their responses. They may contain personal data.
   * @default no payload log
   */
  readonly payloadLog?: PayloadLog;
}
