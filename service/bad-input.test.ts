import fc from 'fast-check';
import { Agent, request } from 'node:http';
import { inspect } from 'node:util';
import {
  predictionDifference,
  toFeatures,
  type RowPrediction,
  type DescribedModel,
} from '../fixtures/training-libraries/row-predictions.ts';
import {
  readJson,
  trainedModels,
  trainingLibrariesFolder,
  writeJson,
} from '../fixtures/training-libraries/recorded-models.ts';
import { Chance, type BadRequest, type Target } from './fixtures/bad-input.ts';
import { badNamed } from './fixtures/bad-named.ts';
import { badBinary, badTensors } from './fixtures/bad-tensors.ts';
import { startService, type ServiceProcess } from './fixtures/process.ts';

// Sends 100,000 invalid requests over open connections. Each has to get a 4xx that names what is wrong, and
// valid requests among them are served as usual. A failure prints the seed: repeat it with SEED=….

const BAD_REQUESTS = 100_000;
const AT_A_TIME = 50;
/** After a warm-up of a fifth of the requests. Keeping one kilobyte per request would exceed it. */
const MOST_GROWTH = 64e6;
const names = [
  'column-transformer',
  'every-dtype',
  'logistic-regression',
  'torch-conv',
  'torch-tokens',
  'scalars',
  'several-outputs',
  'joined-text',
  'isolation-forest',
];
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
let service: ServiceProcess;
let targets: Target[];
beforeAll(async () => {
  service = await startService(trainingLibrariesFolder, {
    DEFAULT_MODEL: 'column-transformer',
    MAX_BODY_BYTES: '400000',
  });
  targets = await Promise.all(
    trainedModels()
      .filter(({ name }) => names.includes(name))
      .map(async (model) => {
        const described = JSON.parse(
          (await send({ path: `/models/${model.name}`, method: 'GET', body: '' })).text,
        ) as DescribedModel;
        return { ...model, described, isDefault: model.name === 'column-transformer' };
      }),
  );
});
afterAll(async () => {
  agent.destroy();
  expect([await service.stop(), service.errors()]).toEqual([0, '']);
});

test(`${BAD_REQUESTS} invalid requests are rejected; valid ones, process and memory are unaffected`, async () => {
  let refused = 0;
  let warm = 0;
  // Not an array of generators, because they would all draw the same.
  const bad = fc.gen().map((draw) => {
    const chance = new Chance(draw);
    return Array.from({ length: AT_A_TIME }, () =>
      chance.pick([badNamed, badTensors, badBinary])(chance, chance.pick(targets)),
    );
  });
  await fc.assert(
    fc.asyncProperty(bad, fc.nat(targets.length - 1), async (requests, index) => {
      await Promise.all([...requests.map(checkRefused), checkServed(targets[index]!)]);
      refused += requests.length;
      if (refused === BAD_REQUESTS / 5) warm = await memory();
    }),
    { numRuns: BAD_REQUESTS / AT_A_TIME, seed, endOnFailure: true, includeErrorInReport: true },
  );
  expect(refused).toBe(BAD_REQUESTS);
  expect(service.alive()).toBe(true);
  const growth = (await memory()) - warm;
  if (process.env['TABLE'] !== undefined)
    process.stdout.write(
      `${refused} refused, memory ${warm / 1e6} MB after a fifth of them, and ${growth / 1e6} MB more at the end\n`,
    );
  expect(growth).toBeLessThan(MOST_GROWTH);
});

async function checkRefused(bad: BadRequest): Promise<void> {
  const { status, type, text } = await send(bad);
  const problem = status === bad.status ? misshapen(bad, type, text) : `status ${status} instead of ${bad.status}`;
  if (problem !== undefined)
    throw new Error(
      [
        `${bad.what}: ${problem}`,
        inspect({ ...bad, body: Buffer.from(bad.body).toString('latin1').slice(0, 500) }),
        text.slice(0, 2000),
      ].join('\n'),
    );
}

/** Returns why the response is not a documented one, or undefined if it is. */
function misshapen({ path, names, status }: BadRequest, type: string, text: string): string | undefined {
  const body = JSON.parse(text) as Record<string, unknown>;
  if (path.startsWith('/v2')) {
    if (type !== 'application/json' || Object.keys(body).join() !== 'error' || typeof body['error'] !== 'string')
      return 'no error of the Open Inference Protocol';
    return body['error'].includes(names ?? '') && body['error'] !== '' ? undefined : `does not name ${String(names)}`;
  }
  const { type: code, title, status: told, detail, errors } = body;
  if (
    type !== 'application/problem+json' ||
    told !== status ||
    ![code, title, detail].every((each) => typeof each === 'string' && each !== '')
  )
    return 'no problem document';
  if (status !== 422)
    return `${String(detail)} ${String(code)}`.includes(names ?? '') ? undefined : `does not name ${String(names)}`;
  const issues = errors as { pointer: string; detail: string }[];
  return issues.some(({ pointer, detail }) => pointer.startsWith(names ?? '') && detail !== '')
    ? undefined
    : `does not name ${String(names)}`;
}

async function checkServed({ name, rows, batch, described }: Target): Promise<void> {
  const body = writeJson(rows.map((row) => toFeatures(row, described, batch !== undefined)));
  const { status, text } = await send({ path: `/models/${name}/predictions`, body });
  const answers = status === 200 ? (readJson(text) as RowPrediction[]) : [];
  if (
    answers.length !== rows.length ||
    answers.some((answer, index) => predictionDifference(answer, rows[index]!) > 1e-4)
  )
    throw new Error(`a good request to ${name} was answered ${status}: ${text}`);
}

async function memory(): Promise<number> {
  const { text } = await send({ path: '/metrics', method: 'GET', body: '' });
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
}

function send({
  path,
  method = 'POST',
  headers = {},
  body,
}: Pick<BadRequest, 'path' | 'method' | 'headers' | 'body'>): Promise<{ status: number; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: service.port,
      agent,
      path,
      method,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers },
      timeout: 30_000,
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            text: Buffer.concat(chunks).toString(),
          });
        });
    });
    sent
      .on('timeout', () => sent.destroy(new Error(`no answer from ${path} in 30 s`)))
      .on('error', reject)
      .end(body);
  });
}
