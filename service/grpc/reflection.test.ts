import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';
import { Client, credentials, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { start, stopAll } from './fixtures/server.ts';

afterEach(stopAll);

interface Answer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
}

/** Sends one request to server reflection, like grpcurl. */
async function ask(address: string, version: string, question: object): Promise<Answer> {
  const folder = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'));
  const reflection = loadSync(join(folder, `build/proto/grpc/reflection/${version}/reflection.proto`))[
    `grpc.reflection.${version}.ServerReflection`
  ] as ServiceDefinition;
  const { path, requestSerialize, responseDeserialize } = reflection['ServerReflectionInfo']!;
  const client = new Client(address, credentials.createInsecure());
  try {
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    stream.end(question);
    for await (const answer of stream) return answer as Answer;
    throw new Error('no answer');
  } finally {
    client.close();
  }
}

test.each(['v1', 'v1alpha'])(
  'reflection %s describes the services and their messages, without a key',
  async (version) => {
    const { address } = await start({ apiKey: 'secret' });
    const { listServicesResponse } = await ask(address, version, { listServices: '*' });
    expect(listServicesResponse?.service.map(({ name }) => name)).toEqual([
      'inference.GRPCInferenceService',
      'grpc.health.v1.Health',
    ]);
    const { fileDescriptorResponse } = await ask(address, version, {
      fileContainingSymbol: 'inference.GRPCInferenceService',
    });
    expect(Buffer.concat(fileDescriptorResponse!.fileDescriptorProto as Uint8Array[]).toString('latin1')).toContain(
      'raw_input_contents',
    );
  },
);
