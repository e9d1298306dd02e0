/** Each folder of examples/ is what `rhizome init` writes, and does what examples/README.md shows. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { parseAllDocuments } from 'yaml';
import { scaffold } from '../../cli/scaffold/scaffold.ts';
import { validateManifests } from '../../infra/kubernetes-schemas/validate.ts';
import { newestKubernetesVersion } from '../../infra/kubernetes-schemas/versions.ts';
import { copyExample, exampleNames, initOptions } from '../examples.ts';
import { freePortFlags } from '../suite.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');
const rhizome = `${process.execPath} ${join(root, 'cli/main.ts')}`;

/** Files of a new project that an example may change. */
const own = ['infra/environments.ts', 'package.json', 'tsconfig.json'];

/** Runs a line of README as it is, in a shell. */
const run = (folder: string, line: string) =>
  execa('sh', ['-c', line.replaceAll('npx rhizome', rhizome)], {
    cwd: folder,
    // For tsc.
    env: { PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
    reject: false,
    timeout: 120_000,
  });

/** The requests that README shows for an example, each with the response. */
function requestsOf(example: string): { readonly line: string; readonly response: unknown }[] {
  const [, section = ''] = new RegExp(`^## ${example}\\n([^]*?)(?=^## |(?![^]))`, 'm').exec(readme) ?? [];
  return [...section.matchAll(/^```sh\n(npx rhizome predict[^]*?)```\n\n```json\n([^]*?)```$/gm)].map(
    ([, line, response]) => ({ line: line!, response: JSON.parse(response!) as unknown }),
  );
}

/** Other processors may round the last digits of a prediction, and the pixels of an image, differently. */
const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, each: unknown) => {
    if (typeof each !== 'number') return each;
    return Math.abs(each) < 1 ? each.toFixed(3) : each.toPrecision(4);
  });

test.each(exampleNames)('%s has the files that init writes', async (example) => {
  const folder = await copyExample(example);
  try {
    const { written, changed, kept } = await scaffold(folder, { ...initOptions(example), force: false });
    // If this fails: npm run examples
    expect({ written, changed }).toEqual({ written: [], changed: [] });
    expect(kept.map(({ path }) => path).filter((path) => !own.includes(path))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** An example that decodes images has the version of sharp that Rhizome works with. */
function expectSharp(folder: string): void {
  const [own, ours] = [folder, root].map(
    (at) => JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as WithDependencies,
  );
  expect(own?.dependencies?.sharp).toBe(ours?.peerDependencies?.sharp);
}

/** What else an example has, while its replicas run. */
const more: Readonly<Record<string, (folder: string, url: string) => Promise<void>>> = {
  canary: async (folder) => {
    expect(await run(folder, 'npx rhizome synth')).toMatchObject({ exitCode: 0 });
    const yaml = readFileSync(join(folder, 'charts-out/local.k8s.yaml'), 'utf8');
    expect(validateManifests(yaml, newestKubernetesVersion)).toEqual([]);
    const objects = parseAllDocuments(yaml).map((document) => document.toJS() as KubernetesObject);
    const models = objects.flatMap(({ metadata, data }) =>
      data?.DEFAULT_MODEL === undefined ? [] : [[metadata.name.replace(/-\w+$/, ''), data.DEFAULT_MODEL]],
    );
    const replicas = objects.flatMap(({ kind, metadata, spec }) =>
      kind === 'Deployment' ? [[metadata.name, spec?.replicas]] : [],
    );
    expect(Object.fromEntries(models)).toEqual({ 'wine-server': 'wine-linear', 'wine-server-canary': 'wine-forest' });
    expect(Object.fromEntries(replicas)).toEqual({ 'wine-server': 3, 'wine-server-canary': 1 });
  },
  'image-classifier': async (folder, url) => {
    expectSharp(folder);
    for (const digit of ['three', 'seven']) {
      const headers = { 'content-type': 'image/jpeg' };
      const body = readFileSync(join(folder, `${digit}.jpg`));
      const response = await fetch(`${url}/predictions`, { method: 'POST', headers, body });
      expect(await response.json()).toMatchObject({ prediction: digit });
    }
  },
  detector: (folder) => {
    expectSharp(folder);
    return Promise.resolve();
  },
  'web-app': async (folder, url) => {
    const check = await run(folder, 'npx rhizome types --out src/models.ts --check && tsc');
    expect({ exitCode: check.exitCode, stdout: check.stdout }).toMatchObject({ exitCode: 0 });
    const app = execa(process.execPath, ['src/main.ts'], {
      cwd: folder,
      env: { PORT: '0', MODELS_URL: url },
      reject: false,
      timeout: 120_000,
    });
    try {
      const address = await new Promise<string>((resolve, reject) => {
        app.stdout.once('data', (chunk: Buffer) => {
          resolve(chunk.toString().trim());
        });
        void app.then(({ stderr }) => {
          reject(new Error(`the app ended: ${stderr}`));
        });
      });
      const page = async (query: string): Promise<string> => (await fetch(`${address}/?${query}`)).text();
      expect((await fetch(`${address}//`)).status).toBe(404);
      expect(await page('')).toContain('<h2>Iris versicolor</h2>');
      expect(await page('petal_length=1.4&petal_width=0.2')).toContain('<h2>Iris setosa</h2>');
      expect(await page('petal_length=9')).toContain('#/petal_length: The value is outside the valid range.');
    } finally {
      app.kill();
      await app;
    }
  },
};

/** What is looked at of a package.json. */
interface WithDependencies {
  readonly dependencies?: { readonly sharp?: string };
  readonly peerDependencies?: { readonly sharp?: string };
}

/** What is looked at of the objects. */
interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: { readonly DEFAULT_MODEL?: string };
  readonly spec?: { readonly replicas?: number };
}

test.each(exampleNames)('%s runs on this machine, and predicts what README shows', async (example) => {
  const requests = requestsOf(example);
  expect(requests).not.toEqual([]);
  const folder = await copyExample(example);
  try {
    const ports = (await freePortFlags()).join(' ');
    const { exitCode, stdout, stderr } = await run(folder, `npx rhizome up --detach --json ${ports}`);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const { url, withoutExamples } = JSON.parse(stdout) as {
      readonly url: string;
      readonly withoutExamples: unknown[];
    };
    expect(withoutExamples).toEqual([]);
    for (const { line, response } of requests) {
      const answer = await run(folder, line);
      expect({ exitCode: answer.exitCode, stderr: answer.stderr }).toMatchObject({ exitCode: 0 });
      expect(rounded(JSON.parse(answer.stdout))).toEqual(rounded(response));
    }
    await more[example]?.(folder, url);
  } finally {
    await run(folder, 'npx rhizome down');
    await rm(folder, { recursive: true });
  }
});
