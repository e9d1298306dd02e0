import { Server, ServerCredentials } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { Logger } from 'pino';
import type { KeySource } from '../config/api-key.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Config } from '../config/config.ts';
import type { Listener } from '../lifecycle/drain.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { InferenceOperations } from '../operations/inference.ts';
import { ListenError } from '../http-server.ts';
import { Calls } from './calls.ts';
import { healthMethods } from './health.ts';
import { inferenceMethods } from './inference.ts';
import { loadProtos, services } from './protos.ts';

export interface GrpcDependencies {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly apiKey: KeySource;
}

/** The methods that need no key: probes and reflection. */
const OPEN = [
  `/${services.health}/Check`,
  `/${services.health}/Watch`,
  `/${services.inference}/ServerLive`,
  `/${services.inference}/ServerReady`,
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
];

/** Serves the Open Inference Protocol, health and reflection over gRPC. @throws {ListenError} */
export async function listenGrpc(
  port: number,
  { host, requestTimeoutSeconds, maxBodyBytes, gracePeriodSeconds }: Config,
  dependencies: GrpcDependencies,
): Promise<Listener> {
  const { definition, inference, health } = loadProtos();
  const { repository, lifecycle, metrics, logger, apiKey } = dependencies;
  const calls = new Calls({
    logger,
    metrics,
    apiKey,
    requestTimeoutSeconds,
    maxBodyBytes,
    open: new Set(OPEN),
    endless: new Set([`/${services.health}/Watch`]),
  });
  const server = new Server({
    'grpc.max_receive_message_length': maxBodyBytes,
    // The library's own statistics, which nothing here uses.
    'grpc.enable_channelz': 0,
    interceptors: [calls.interceptor],
  });

  const operations = new InferenceOperations({ repository, lifecycle, requestTimeoutSeconds });
  server.addService(
    health,
    healthMethods(() => operations.serverReady(), calls),
  );
  server.addService(inference, inferenceMethods(operations, calls));
  new ReflectionService(definition).addToServer(server);

  const authority = host.includes(':') ? `[${host}]` : host;
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${authority}:${port}`, ServerCredentials.createInsecure(), (cause, number) => {
      if (cause === null) resolve(number);
      else reject(new ListenError(`Cannot listen on ${host}:${port} (HOST, GRPC_PORT): ${cause.message}`, { cause }));
    });
  });
  const address = `${authority}:${bound}`;
  return {
    url: `grpc://${address}`,
    dismiss() {
      server.drain(address, gracePeriodSeconds * 1000);
      calls.hangUp();
    },
    close() {
      calls.hangUp();
      return new Promise((resolve, reject) => {
        server.tryShutdown((error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
      });
    },
    cut() {
      const left = calls.running;
      server.forceShutdown();
      return Promise.resolve(left);
    },
  };
}
