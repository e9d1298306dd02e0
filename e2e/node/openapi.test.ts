/**
 * Fuzzes the service with nothing but its OpenAPI document: schemathesis sends requests that the document allows and
 * ones that it forbids, and checks that every response matches the document. `.ci/schemathesis` installs it and prints
 * its folder as SCHEMATHESIS. `openapi/inexpressible.py` lists the rules that a document cannot express.
 */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { trainingLibrariesFolder } from '../../fixtures/training-libraries/recorded-models.ts';
import { startService, type ServiceProcess } from '../../service/fixtures/process.ts';
import { findTool, testUnless } from '../needs.ts';

const root = join(import.meta.dirname, '../..');
const folder = process.env['SCHEMATHESIS'];
const tool = folder === undefined ? undefined : findTool('schemathesis', [folder]);
const reason = tool === undefined ? 'needs schemathesis: eval "$(.ci/schemathesis)"' : undefined;
const minutes = 6;
const apiKey = 'correct-horse';

/** Every task and dtype, nested arrays of fixed and dynamic size, a model without rows, one that rejects values. */
const trained = ['every-dtype', 'isolation-forest', 'no-rows', 'several-outputs', 'torch-tokens'];

let dir: string;
let service: ServiceProcess | undefined;

beforeAll(async () => {
  if (tool === undefined) return;
  dir = await mkdtemp(join(tmpdir(), 'rhizome-openapi-'));
  await cp(join(root, 'models/iris'), join(dir, 'iris'), { recursive: true });
  for (const name of trained) await cp(join(trainingLibrariesFolder, name), join(dir, name), { recursive: true });
  for (const version of ['2', '11']) {
    await mkdir(join(dir, 'linear', version), { recursive: true });
    await cp(join(trainingLibrariesFolder, 'linear-regression/model.onnx'), join(dir, 'linear', version, 'model.onnx'));
  }
  service = await startService(dir, { DEFAULT_MODEL: 'iris', API_KEY: apiKey });
});

afterAll(async () => {
  if (service === undefined) return;
  expect(await service.stop()).toBe(0);
  await rm(dir, { recursive: true });
});

async function fuzz(...args: readonly string[]): Promise<void> {
  const { all, exitCode } = await execa(
    tool!,
    [
      'run',
      `${service!.url}/openapi.json`,
      '--header',
      `Authorization: Bearer ${apiKey}`,
      '--checks',
      'all',
      '--phases',
      'examples,coverage,fuzzing',
      '--max-examples',
      '15',
      '--seed',
      '36',
      '--workers',
      '1',
      '--generation-database',
      'none',
      '--no-color',
      ...args,
    ],
    {
      all: true,
      reject: false,
      timeout: minutes * 60_000,
      cwd: dir,
      env: { SCHEMATHESIS_HOOKS: join(import.meta.dirname, 'openapi/inexpressible.py'), PYTHONDONTWRITEBYTECODE: '1' },
    },
  );
  expect({ exitCode, all: exitCode === 0 ? '' : all }).toEqual({ exitCode: 0, all: '' });
  expect(all).toMatch(/Tested: [1-9]\d+/);
}

// The versions of one model are enough: those of the others have the same routes.
testUnless(reason, 'every response matches the document, and none is a 5xx', () =>
  fuzz('--exclude-path-regex', '/(?!linear)[a-z-]+/versions/'),
);
