import { join } from 'node:path';
import { pino } from 'pino';
import { onnxruntime } from '../onnx/engine/onnxruntime.ts';
import { createApp, type Dependencies } from './app.ts';
import { ModelRepository } from './inference/repository.ts';
import { Lifecycle } from './lifecycle.ts';
import { Metrics } from './middleware/metrics.ts';

/** The models that ship. */
export const models = join(import.meta.dirname, '../models');
export const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };

export interface Started {
  request: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;
  lifecycle: Lifecycle;
  logs: Record<string, unknown>[];
  repository: ModelRepository;
}

/** The application with the real runtime, without a socket. */
export async function start({ dir = models, load = true, apiKey, defaultModel, ...options }: { dir?: string; load?: boolean; apiKey?: string; defaultModel?: string } & Partial<Dependencies['options']> = {}): Promise<Started> {
  const lifecycle = new Lifecycle();
  const repository = new ModelRepository(dir, defaultModel);
  const logs: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => logs.push(JSON.parse(line) as Record<string, unknown>) });
  const app = createApp({
    repository, lifecycle, metrics: new Metrics(), logger, apiKey: () => apiKey,
    options: { strictRanges: false, requestTimeoutSeconds: 10, maxBodyBytes: 10_000, ...options },
  });
  if (load) await repository.load(onnxruntime, { threads: 1 });
  return {
    lifecycle, logs, repository,
    request: async (method, path, body, headers = {}) => app.request(path, {
      method,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  };
}

export const json = async (response: Response) => await response.json() as Record<string, unknown>;
