/** Runs the tutorial from its first page to its last, as its reader does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testSnippets } from '../documentation/run.ts';
import { documents, isOfTutorial } from '../documentation/snippets.ts';

testSnippets(
  documents(join(import.meta.dirname, '../..')).filter(isOfTutorial),
  { containers: ['hello_1', 'hello_2', 'iris_1'], images: ['hello', 'iris-server'], volumes: ['visits'] },
  useNodeImage,
);

/** Names the image of the nodes in kind.yaml, for a machine that cannot pull kind's own. */
function useNodeImage(folder: string): void {
  const image = process.env['KIND_NODE_IMAGE'] ?? '';
  if (image === '') return;
  const file = join(folder, 'kind.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^( +)- role: .*$/gm, `$&\n$1  image: ${image}`));
}
