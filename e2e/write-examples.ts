/** Writes to examples/ what `rhizome init` writes, after its templates have changed. Keeps infra/environments.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scaffold } from '../cli/scaffold/scaffold.ts';
import { exampleFolder, exampleNames, initOptions } from './examples.ts';

for (const example of exampleNames) {
  const folder = exampleFolder(example);
  const own = ['infra/environments.ts', 'tsconfig.json'].map((path) => {
    const file = join(folder, path);
    return { file, content: readFileSync(file) };
  });
  await scaffold(folder, { ...initOptions(example), force: true });
  for (const { file, content } of own) writeFileSync(file, content);
}
