import { EventEmitter } from 'node:events';
import type { MethodDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ServiceError } from '../errors.ts';
import { frameMessage } from './http2/messages.ts';
import { malformedRequest, type Messages, type Method, type StreamingCall } from './method.ts';
import { loadProtos } from './protos.ts';

interface Implementation {
  readonly definition: MethodDefinition<object, object>;
  readonly handle: (call: LibraryCall) => void;
}

/** The most calls at once, and the most requests of one: a request of ten bytes gets a response of kilobytes. */
const MOST_CALLS = 32;
const MOST_REQUESTS = 128;

/** The methods of server reflection, which tools such as grpcurl call to find the other methods. */
export function reflectionMethods(): readonly Method[] {
  let calls = 0;
  const open = (path: string, call: StreamingCall): Messages => {
    if (calls >= MOST_CALLS)
      throw new ServiceError('overloaded', `There are already ${calls} calls of reflection. Call again later.`);
    calls += 1;
    const messages = receive(path, call);
    return {
      ...messages,
      onClose: () => {
        calls -= 1;
      },
    };
  };
  return ['v1', 'v1alpha'].map((version) => {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    return { path, open: true, stream: (call) => open(path, call) };
  });
}

function receive(path: string, call: StreamingCall): Messages {
  const libraryCall = loadLibrary().then((implementations) => {
    const implementation = implementations.get(path);
    if (implementation === undefined) throw new Error(`The library has no ${path}.`);
    return new LibraryCall(implementation, call);
  });
  const then = (next: (each: LibraryCall) => void): void => {
    libraryCall.then(next).catch((error: unknown) => {
      call.fail(error);
    });
  };
  let requests = 0;
  return {
    onMessage: (bytes) => {
      requests += 1;
      if (requests > MOST_REQUESTS) {
        call.fail(new ServiceError('overloaded', `One call has at most ${MOST_REQUESTS} requests. Call again.`));
        return;
      }
      then((each) => {
        each.receive(bytes);
      });
    },
    onHalfClose: () => {
      then((each) => each.emit('end'));
    },
  };
}

/** A call as the library expects it. */
class LibraryCall extends EventEmitter {
  readonly #definition: MethodDefinition<object, object>;
  readonly #call: StreamingCall;

  constructor({ definition, handle }: Implementation, call: StreamingCall) {
    super();
    this.#definition = definition;
    this.#call = call;
    handle(this);
  }

  receive(bytes: Buffer): void {
    let request;
    try {
      request = this.#definition.requestDeserialize(bytes);
    } catch (cause) {
      throw malformedRequest(cause);
    }
    this.emit('data', request);
  }

  write(response: object): void {
    this.#call.send(frameMessage(this.#definition.responseSerialize(response)));
  }

  end(): void {
    this.#call.finish();
  }
}

let library: Promise<ReadonlyMap<string, Implementation>> | undefined;

/** Loads the library with the first call: it takes as long as everything else that starts, and few services need it. */
function loadLibrary(): Promise<ReadonlyMap<string, Implementation>> {
  return (library ??= load());
}

async function load(): Promise<ReadonlyMap<string, Implementation>> {
  const { definition: described } = await loadProtos();
  const { ReflectionService } = await import('@grpc/reflection');
  const implementations = new Map<string, Implementation>();
  new ReflectionService(described).addToServer({
    addService(service, implementation: UntypedServiceImplementation) {
      for (const [name, definition] of Object.entries<MethodDefinition<object, object>>(service))
        implementations.set(definition.path, {
          definition,
          handle: implementation[name] as unknown as Implementation['handle'],
        });
    },
  });
  return implementations;
}
