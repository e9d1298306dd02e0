import type { Logger } from 'pino';
import type { TelemetryConfig } from './config/telemetry.ts';
import { lineWriterOf } from './logging/logger.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { PayloadLog } from './payload-log/payload-log.ts';
import type { Tracer } from './traces/tracer.ts';

/** Traces and the payload log, as far as they are on. */
export interface Telemetry {
  readonly tracer: Tracer | undefined;
  readonly payloads: PayloadLog | undefined;
  /** Sends what is left, within a time. */
  readonly close: (milliseconds: number) => Promise<void>;
}

/** Starts what is configured. What is off is not even loaded. */
export async function openTelemetry(
  { tracing, payloadLog }: TelemetryConfig,
  { exports: metrics }: Metrics,
  logger: Logger,
): Promise<Telemetry> {
  const traces =
    tracing === undefined
      ? undefined
      : (await import('./traces/open-tracer.ts')).openTracer(tracing, metrics.of('spans'), logger);
  const log =
    payloadLog === undefined
      ? undefined
      : (await import('./payload-log/open-payload-log.ts')).openPayloadLog(
          payloadLog,
          metrics.of('payloads'),
          logger,
          lineWriterOf(logger),
        );
  return {
    tracer: traces?.tracer,
    payloads: log?.log,
    close: async (milliseconds) => {
      await Promise.all([traces?.close(milliseconds), log?.close(milliseconds)]);
    },
  };
}
