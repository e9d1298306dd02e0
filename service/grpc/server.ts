import type { Logger } from 'pino';
import type { Authentication } from '../authentication/authenticate.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Config } from '../config/config.ts';
import type { InFlightBytes } from '../connections/in-flight-bytes.ts';
import type { Listener } from '../lifecycle/drain.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { InferenceOperations } from '../operations/inference.ts';
import type { PayloadLog } from '../payload-log/payload-log.ts';
import type { Tracer } from '../traces/tracer.ts';
import { accessLogOf } from '../logging/logger.ts';
import { ListenError } from '../http-server.ts';
import { Calls, defaultCallLimits } from './calls.ts';
import { healthMethods } from './health.ts';
import { GrpcServer } from './http2/server.ts';
import { defaultConnectionLimits, type ConnectionLimits } from './http2/sessions.ts';
import { inferenceMethods } from './inference.ts';
import { reflectionMethods } from './reflection.ts';
import type { CallLimits } from './running-call.ts';
import { defaultWatchLimits, type WatchLimits } from './watchers.ts';

export interface GrpcDependencies extends Authentication {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Shared with HTTP. */
  readonly memory: InFlightBytes;
  readonly tracer?: Tracer | undefined;
  readonly payloads?: PayloadLog | undefined;
}

/** What clients may occupy. */
export interface GrpcLimits extends ConnectionLimits, CallLimits, WatchLimits {}

/** Serves the Open Inference Protocol, health and reflection over gRPC. @throws {ListenError} */
export async function listenGrpc(
  port: number,
  { host, requestTimeoutSeconds, maxBodyBytes: bodyBytes, maxConnections: connections }: Config,
  { repository, lifecycle, metrics, logger, apiKey, tokens, memory, tracer, payloads }: GrpcDependencies,
  overrides: Partial<GrpcLimits> = {},
): Promise<Listener> {
  const limits = { ...defaultConnectionLimits, connections, ...defaultCallLimits, ...defaultWatchLimits, ...overrides };
  const maxBodyBytes = (): number => bodyBytes ?? repository.bodyBytes;
  const operations = new InferenceOperations({ repository, lifecycle });
  const methods = [
    ...healthMethods(() => operations.serverReady(), limits),
    ...inferenceMethods(operations, payloads),
    ...reflectionMethods(),
  ];
  const calls = new Calls(methods, {
    logger,
    accessLog: accessLogOf(logger),
    metrics,
    apiKey,
    tokens,
    requestTimeoutSeconds,
    maxBodyBytes,
    memory,
    limits,
    tracer,
  });
  const server = new GrpcServer(calls, maxBodyBytes, limits);
  let bound;
  try {
    bound = await server.listen(port, host);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ListenError(`Cannot listen on ${host}:${port} (HOST, GRPC_PORT): ${reason}`, { cause });
  }
  return {
    url: `grpc://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    dismiss() {
      server.goAway();
      calls.hangUp();
    },
    close() {
      calls.hangUp();
      return server.close();
    },
    cut() {
      const left = calls.running;
      server.destroy();
      return Promise.resolve(left);
    },
  };
}
