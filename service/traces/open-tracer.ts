import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { TracingConfig } from '../config/telemetry.ts';
import { version } from '../contract/index.ts';
import { ExportQueue, type ExportObserver, type Receiver } from '../exports/export-queue.ts';
import { headerSource } from '../exports/headers.ts';
import { HttpReceiver } from '../exports/http-receiver.ts';
import { encodeTraces } from './otlp.ts';
import type { Attribute, FinishedTrace } from './span.ts';
import { Tracer } from './tracer.ts';

/** The spans of one request to the receiver, as in OpenTelemetry's SDKs. */
const BATCH_SPANS = 512;

export interface OpenTracer {
  readonly tracer: Tracer;
  /** Sends what is left, within a time. */
  readonly close: (milliseconds: number) => Promise<void>;
}

/** Starts to trace requests, and to send their spans to a receiver over OTLP/HTTP. */
export function openTracer(
  config: TracingConfig,
  observer: ExportObserver,
  logger: Pick<Logger, 'info' | 'warn'>,
): OpenTracer {
  const { delayMs, timeoutMs, maxSpans, sampler } = config;
  const queue = new ExportQueue<FinishedTrace>({
    what: 'traces',
    receiver: otlpReceiver(config),
    observer,
    logger,
    weightOf: ({ spans }) => spans.length,
    countOf: ({ spans }) => spans.length,
    most: maxSpans,
    batch: BATCH_SPANS,
    delayMs,
    timeoutMs,
  });
  return { tracer: new Tracer(sampler, queue), close: (milliseconds) => queue.close(milliseconds) };
}

function otlpReceiver({ endpoint, headers, headersFile, resource }: TracingConfig): Receiver<FinishedTrace> {
  const http = new HttpReceiver(endpoint, headerSource(headers, headersFile));
  const attributes: readonly Attribute[] = Object.entries({
    'service.instance.id': hostname(),
    'service.version': version,
    'telemetry.sdk.name': 'rhizome',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': version,
    ...resource,
  });
  return {
    name: http.name,
    send: (traces, signal) =>
      http.post({ body: encodeTraces(traces, attributes, epochMs()), contentType: 'application/x-protobuf' }, signal),
    close: () => {
      http.close();
    },
  };
}

/** How far the system's clock may be from the monotonic one before spans follow it. */
const MOST_DRIFT_MS = 20;
let offset = performance.timeOrigin;

/** Returns the time of `performance.now() === 0`. The system's clock may have been set since the process began. */
function epochMs(): number {
  const current = Date.now() - performance.now();
  if (Math.abs(current - offset) > MOST_DRIFT_MS) offset = current;
  return offset;
}
