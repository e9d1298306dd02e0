/** Serves hostile models beside iris, and checks that the clients of iris notice nothing. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startService, type ServiceProcess } from '../../../service/fixtures/process.ts';
import { metric } from '../../../service/fixtures/metric.ts';
import { goodClient } from '../../../service/hostile/fixtures/good-client.ts';
import { attackModel } from './attack-model.ts';

const iris = join(import.meta.dirname, '../../../models/iris');
const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
/** Some models take their time until they are ended. */
const PATIENCE_MS = 180_000;
const REQUEST_MS = 10_000;
const environment = {
  DEFAULT_MODEL: 'iris',
  NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=4',
  INFERENCE_MEMORY_BYTES: String(256 * 2 ** 20),
  REQUEST_TIMEOUT_SECONDS: '2',
  LOG_LEVEL: 'info',
};

/** What happened in the service. */
export interface Served {
  /** What a client of iris noticed, or how the service ended; undefined if all was well. */
  readonly problem?: string;
  /** How many inference processes ended, and were replaced. */
  readonly restarts: number;
}

/** Serves the models and iris. While the models load, and while each gets requests, iris is requested too. */
export async function besideIris(models: ReadonlyMap<string, Uint8Array>): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-fuzz-'));
  try {
    await cp(iris, join(folder, 'iris'), { recursive: true });
    for (const [name, bytes] of models) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'model.onnx'), bytes);
    }
    return await serve(folder, [...models.keys()]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function serve(folder: string, names: readonly string[]): Promise<Served> {
  const service = await startService(folder, environment, undefined, 'listening');
  try {
    if (!(await until(service, () => isServed(service)))) return describe(service, 'iris was not served');
    const good = await goodClient(service.url, [{ path: '/predictions', body: flower }, { path: '/livez' }]);
    const loaded = await until(service, () => isLoaded(service));
    if (loaded) for (const name of names) await attackModel(service.url, name);
    const { served, wrong } = await good.stop();
    if (!loaded) return describe(service, 'some models were still loading');
    if (wrong.length > 0 || served === 0)
      return describe(service, `${wrong.length} wrong responses: ${wrong[0] ?? ''}`);
    if (!service.alive()) return describe(service, 'nothing else was noticed');
    return { restarts: await metric(service, 'rhizome_inference_process_restarts_total') };
  } finally {
    await service.stop();
  }
}

function describe(service: ServiceProcess, what: string): Served {
  const end = service.alive() ? 'the service runs' : 'THE SERVICE ENDED';
  return { problem: `${end}: ${what} ${service.errors().slice(0, 500)}`, restarts: 0 };
}

/** Resolves with whether the condition came true in time, and before the service ended. */
async function until(service: ServiceProcess, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while (service.alive() && performance.now() < deadline) {
    if (await condition().catch(() => false)) return true;
    await delay(50);
  }
  return false;
}

async function isServed({ url }: ServiceProcess): Promise<boolean> {
  const headers = { 'Content-Type': 'application/json' };
  const signal = AbortSignal.timeout(REQUEST_MS);
  return (await fetch(`${url}/predictions`, { method: 'POST', headers, body: JSON.stringify(flower), signal })).ok;
}

/** Whether each model is loaded, or has failed. */
async function isLoaded({ url }: ServiceProcess): Promise<boolean> {
  return !/is loading|not loaded yet/.test(
    await (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(REQUEST_MS) })).text(),
  );
}
