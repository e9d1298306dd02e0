/** Serves hostile models beside iris, sends hostile requests, and checks that the clients of iris notice nothing. */
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startService, type ServiceProcess } from '../../../service/fixtures/process.ts';
import { metric } from '../../../service/fixtures/metric.ts';
import { goodClient } from '../../../service/hostile/fixtures/good-client.ts';
import { attackDecoders, noTime, type Attack } from './attack-decoders.ts';
import { attackModel } from './attack-model.ts';

const root = join(import.meta.dirname, '../../..');
/** Iris, and a model of images and one of texts, which get mutated requests. */
const own = ['models/iris', 'service/fixtures/images/colors', 'onnx/decode/text/fixtures/sentences'];
const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const image = readFileSync(join(root, 'onnx/decode/image/fixtures/pixel.png'), 'base64');
/** Requests of iris, and of the models that get mutated requests. */
const right: readonly (readonly [path: string, body: object])[] = [
  ['/predictions', flower],
  ['/models/colors/predictions', { image }],
  ['/models/sentences/predictions', { text: 'An iris.' }],
];
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
export interface Served extends Attack {
  /** What a client of iris noticed, or how the service ended; undefined if all was well. */
  readonly problem?: string;
  /** How many inference processes ended, and were replaced. */
  readonly restarts: number;
}

/**
 * Serves the models and iris. While the models load, and while each gets requests, iris is requested too.
 *
 * @param requests the numbers of the mutated requests that the service gets
 */
export async function besideIris(
  models: ReadonlyMap<string, Uint8Array>,
  requests: readonly number[],
): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-fuzz-'));
  try {
    for (const each of own) await cp(join(root, each), join(folder, basename(each)), { recursive: true });
    for (const [name, bytes] of models) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'model.onnx'), bytes);
    }
    return await serve(folder, [...models.keys()], requests);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function serve(folder: string, names: readonly string[], requests: readonly number[]): Promise<Served> {
  const service = await startService(folder, environment, undefined, 'listening');
  let attack: Attack = { faults: [], responses: new Map() };
  const describe = (what: string): Served => {
    const end = service.alive() ? 'the service runs' : 'THE SERVICE ENDED';
    return { ...attack, restarts: 0, problem: `${end}: ${what} ${service.errors().slice(0, 500)}` };
  };
  try {
    if (!(await until(service, () => isServed(service, '/predictions', flower))))
      return describe('iris was not served');
    const good = await goodClient(service.url, [{ path: '/predictions', body: flower }, { path: '/livez' }]);
    const loaded = await until(service, () => isLoaded(service));
    const attacking = attackDecoders(service, loaded ? requests : []);
    if (loaded) for (const name of names) await attackModel(service.url, name);
    attack = await attacking;
    const { served, wrong } = await good.stop();
    if (!loaded) return describe('some models were still loading');
    if (wrong.length > 0 || served === 0) return describe(`${wrong.length} wrong responses: ${wrong[0] ?? ''}`);
    const refused = noTime.reduce((sum, status) => sum + (attack.responses.get(status) ?? 0), 0);
    if (refused > requests.length / 2) return describe(`no time for ${refused} of ${requests.length} requests`);
    for (const [path, body] of right)
      if (!(await until(service, () => isServed(service, path, body))))
        return describe(`${path} is not served any more`);
    return { ...attack, restarts: await metric(service, 'rhizome_inference_process_restarts_total') };
  } finally {
    await service.stop();
  }
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

async function isServed({ url }: ServiceProcess, path: string, body: object): Promise<boolean> {
  const headers = { 'Content-Type': 'application/json' };
  const signal = AbortSignal.timeout(REQUEST_MS);
  return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), signal })).ok;
}

/** Whether each model is loaded, or has failed. */
async function isLoaded({ url }: ServiceProcess): Promise<boolean> {
  return !/is loading|not loaded yet/.test(
    await (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(REQUEST_MS) })).text(),
  );
}
