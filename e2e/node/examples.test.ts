/** Each folder of examples/ is what `rhizome init` writes, and does what examples/README.md shows. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { scaffold } from '../../cli/scaffold/scaffold.ts';
import { copyExample, exampleNames, initOptions } from '../examples.ts';
import { freePort } from '../suite.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');
const rhizome = `${process.execPath} ${join(root, 'cli/main.ts')}`;

/** Files of a new project that an example may change. */
const own = ['infra/environments.ts', 'package.json', 'tsconfig.json'];

/** Runs a line of README as it is, in a shell. */
const run = (folder: string, line: string) =>
  execa('sh', ['-c', line.replaceAll('npx rhizome', rhizome)], { cwd: folder, reject: false, timeout: 120_000 });

/** The requests that README shows for an example, each with the response. */
function requestsOf(example: string): { readonly line: string; readonly response: unknown }[] {
  const [, section = ''] = new RegExp(`^## ${example}\\n([^]*?)(?=^## |(?![^]))`, 'm').exec(readme) ?? [];
  return [...section.matchAll(/^```sh\n(npx rhizome predict[^]*?)```\n\n```json\n([^]*?)```$/gm)].map(
    ([, line, response]) => ({ line: line!, response: JSON.parse(response!) as unknown }),
  );
}

/** Other processors may round the last digits of a prediction differently. */
const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, each: unknown) => (typeof each === 'number' ? each.toPrecision(4) : each));

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

test.each(exampleNames)('%s runs on this machine, and predicts what README shows', async (example) => {
  const requests = requestsOf(example);
  expect(requests).not.toEqual([]);
  const folder = await copyExample(example);
  try {
    const ports = `--port ${await freePort()} --grpc-port ${await freePort()}`;
    const { exitCode, stdout, stderr } = await run(folder, `npx rhizome up --detach --json ${ports}`);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ withoutExamples: [] });
    for (const { line, response } of requests) {
      const answer = await run(folder, line);
      expect({ exitCode: answer.exitCode, stderr: answer.stderr }).toMatchObject({ exitCode: 0 });
      expect(rounded(JSON.parse(answer.stdout))).toEqual(rounded(response));
    }
  } finally {
    await run(folder, 'npx rhizome down');
    await rm(folder, { recursive: true });
  }
});
