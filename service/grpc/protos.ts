import { join } from 'node:path';
import type { PackageDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { frameMessage } from './http2/messages.ts';
import { malformedRequest, type Call, type UnaryMethod } from './method.ts';

/** The full names of the services. */
export const services = { inference: 'inference.GRPCInferenceService', health: 'grpc.health.v1.Health' } as const;

export interface Protos {
  readonly definition: PackageDefinition;
  readonly inference: ServiceDefinition;
  readonly health: ServiceDefinition;
}

let loaded: Promise<Protos> | undefined;

/** Loads the protocols. ModelInfer works without them, so they do not delay the start of the service. */
export function loadProtos(): Promise<Protos> {
  return (loaded ??= load());
}

async function load(): Promise<Protos> {
  const { loadSync } = await import('@grpc/proto-loader');
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

/** Creates a method that decodes its request, and encodes its response, as the protocol describes them. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- only the protocol knows the type
export function unary<Request, Response extends object>(
  service: keyof typeof services,
  name: string,
  handle: (request: Request, call: Call) => Response | Promise<Response>,
  open = false,
): UnaryMethod {
  return {
    path: `/${services[service]}/${name}`,
    open,
    respond: async (bytes, call) => {
      const { decode, encode } = await codecOf<Request, Response>(service, name);
      return encode(await handle(decode(bytes), call));
    },
  };
}

export interface Codec<Request, Response> {
  /** @throws {ServiceError} `invalid-input` if the bytes are not a message */
  readonly decode: (bytes: Buffer) => Request;
  /** Returns the message with its prefix. */
  readonly encode: (response: Response) => Buffer;
}

export async function codecOf<Request, Response extends object>(
  service: keyof typeof services,
  name: string,
): Promise<Codec<Request, Response>> {
  const method = (await loadProtos())[service][name];
  if (method === undefined) throw new Error(`There is no method ${name} in ${service}.proto.`);
  return {
    decode: (bytes) => {
      try {
        return method.requestDeserialize(bytes) as Request;
      } catch (cause) {
        throw malformedRequest(cause);
      }
    },
    encode: (response) => frameMessage(method.responseSerialize(response)),
  };
}
