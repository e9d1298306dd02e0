import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyProject } from './copy-project.ts';
import { linkToolkit } from './toolkit.ts';

const root = join(import.meta.dirname, '..');
const examples = join(root, 'examples');

/** The folders of examples/, each a project. */
export const exampleNames = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

export const exampleFolder = (example: string): string => join(examples, example);

/** The options with which `rhizome init`, run from a clone, would have written an example. */
export function initOptions(example: string) {
  const { name } = JSON.parse(readFileSync(join(examples, example, 'package.json'), 'utf8')) as { name: string };
  // `init` replaces a path by a file in vendor/, which it packs.
  return { name, spec: 'file:../..', vendored: true } as const;
}

/** Copies the files of an example to a temporary folder, where `rhizome-kit` is this repository's sources. */
export async function copyExample(example: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `rhizome-${example}-`));
  copyProject(join(examples, example), folder);
  linkToolkit(folder, 'client', 'infra');
  for (const name of ['.bin', '@types', 'cdk8s', 'cdk8s-plus-27', 'constructs', 'onnxruntime-node'])
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
}
