import { join } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** Loads the protocols. This takes a while, so it only happens if there is a gRPC port. */
export function loadProtos(): {
  readonly definition: PackageDefinition;
  readonly inference: ServiceDefinition;
  readonly health: ServiceDefinition;
} {
  // Missing fields stay undefined, so that a small message cannot become a large object. An int64 is a string.
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

/** The full names of the services. */
export const services = { inference: 'inference.GRPCInferenceService', health: 'grpc.health.v1.Health' } as const;
