import { join } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** The protocols that are spoken here. Reading them takes a while: only a service with a gRPC port does. */
export function loadProtos(): {
  readonly definition: PackageDefinition;
  readonly inference: ServiceDefinition;
  readonly health: ServiceDefinition;
} {
  // A field that is not there stays undefined, so that a small message cannot become a large object; int64 is text.
  const options = { keepCase: true, longs: String, enums: String, oneofs: true };
  const definition = loadSync(
    ['inference.proto', 'health.proto'].map((file) => join(import.meta.dirname, 'proto', file)),
    options,
  );
  return {
    definition,
    inference: definition[services.inference] as ServiceDefinition,
    health: definition[services.health] as ServiceDefinition,
  };
}

/** Full names. */
export const services = { inference: 'inference.GRPCInferenceService', health: 'grpc.health.v1.Health' } as const;
