import type { Logger } from 'pino';
import type { KeySource } from '../config/api-key.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Config } from '../config/config.ts';
import type { Listener } from '../lifecycle/drain.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { InferenceOperations } from '../operations/inference.ts';
import { accessLogOf } from '../logging/logger.ts';
import { ListenError } from '../http-server.ts';
import { Calls } from './calls.ts';
import { healthMethods } from './health.ts';
import { GrpcServer } from './http2/server.ts';
import { inferenceMethods } from './inference.ts';
import { reflectionMethods } from './reflection.ts';

export interface GrpcDependencies {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly apiKey: KeySource;
}

/** Serves the Open Inference Protocol, health and reflection over gRPC. @throws {ListenError} */
export async function listenGrpc(
  port: number,
  { host, requestTimeoutSeconds, maxBodyBytes }: Config,
  { repository, lifecycle, metrics, logger, apiKey }: GrpcDependencies,
): Promise<Listener> {
  const operations = new InferenceOperations({ repository, lifecycle });
  const methods = [
    ...healthMethods(() => operations.serverReady()),
    ...inferenceMethods(operations),
    ...reflectionMethods(),
  ];
  const calls = new Calls(methods, {
    logger,
    accessLog: accessLogOf(logger),
    metrics,
    apiKey,
    requestTimeoutSeconds,
    maxBodyBytes,
  });
  const server = new GrpcServer(calls.accept, maxBodyBytes);
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
