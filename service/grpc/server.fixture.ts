import { EventEmitter } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type CallOptions, type ServiceDefinition } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { Engine, Session } from '../../onnx/engine/engine.ts';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import type { Config } from '../config.ts';
import { readConfig } from '../config.ts';
import type { Listener } from '../drain.ts';
import { ModelRepository } from '../inference/repository.ts';
import { Lifecycle } from '../lifecycle.ts';
import { Metrics } from '../middleware/metrics.ts';
import { loadProtos } from './protos.ts';
import { listenGrpc } from './server.ts';

export const protos = loadProtos();

/** Calls over a connection of its own. */
export class TestClient {
  readonly client: Client;
  readonly #service: ServiceDefinition;
  readonly #metadata: Metadata;

  constructor(address: string, service: ServiceDefinition = protos.inference, headers: Readonly<Record<string, string>> = {}) {
    // Without a pool that clients of one process share.
    this.client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    this.#service = service;
    this.#metadata = Metadata.fromHttp2Headers(headers);
  }

  /** @throws the gRPC error, with its `code` and `details` */
  call<T = Record<string, unknown>>(method: string, request: object = {}, options: CallOptions = {}, onMetadata: (metadata: Metadata) => void = () => undefined): Promise<T> {
    const { path, requestSerialize, responseDeserialize } = this.#service[method]!;
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, this.#metadata, options, (error, response) => {
        if (error === null) resolve(response as T);
        else reject(error);
      }).on('metadata', onMetadata);
    });
  }

  close(): void {
    this.client.close();
  }
}

export interface Started extends Listener {
  readonly address: string;
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly config: Config;
  readonly logs: Record<string, unknown>[];
  /** Emits each line under its message. */
  readonly lines: EventEmitter;
  client(headers?: Readonly<Record<string, string>>, service?: ServiceDefinition): TestClient;
}

interface Wishes {
  /** @default the repository's own */
  readonly dir?: string;
  readonly engine?: Engine;
  readonly load?: boolean;
  readonly apiKey?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const undo: (() => Promise<void> | void)[] = [];

/** For `afterEach`. */
export async function stopAll(): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

export async function start({ dir = join(import.meta.dirname, '../../models'), engine = onnxruntime, load = true, apiKey, environment = {} }: Wishes = {}): Promise<Started> {
  const config = readConfig({ MODELS_DIR: dir, HOST: '127.0.0.1', DRAIN_DELAY_SECONDS: '0', MAX_BODY_BYTES: '100000', ...environment });
  const [repository, lifecycle, metrics] = [new ModelRepository(dir), new Lifecycle(), new Metrics()];
  const logs: Record<string, unknown>[] = [];
  const lines = new EventEmitter();
  const logger = pino({ level: 'debug' }, { write: (text: string) => {
    const line = JSON.parse(text) as Record<string, unknown>;
    logs.push(line);
    lines.emit(String(line['msg']), line);
  } });
  const listener = await listenGrpc(0, config, { repository, lifecycle, metrics, logger, apiKey: () => apiKey });
  undo.push(async () => { await listener.cut(); await repository.release(); });
  if (load) await repository.load(engine, { threads: 1 });
  const address = listener.url.replace('grpc://', '');
  return {
    ...listener, address, repository, lifecycle, metrics, config, logs, lines,
    client: (headers, service) => {
      const client = new TestClient(address, service, headers);
      undo.push(() => { client.close(); });
      return client;
    },
  };
}

/** A folder of models from single files. */
export async function modelsFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'rhizome-grpc-'));
  undo.push(() => rm(dir, { recursive: true }));
  for (const [name, file] of Object.entries(files)) await cp(file, join(dir, name, 'model.onnx'), { recursive: true });
  return dir;
}

/** An engine that loads models as the real one does, and runs them so. */
export function engineThatRuns(run: Session['run']): Engine {
  return {
    async load(model, options) {
      const session = await onnxruntime.load(model, options);
      return { inputs: session.inputs, outputs: session.outputs, run, release: () => session.release() };
    },
  };
}
