import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const files = ['.dockerignore', '.containerignore'] as const;

/**
 * Lets weights of a model into the image. Both files let nothing in that they do not name, and by themselves they name
 * what is called like a model: `churn.onnx.data`.
 * @param folder of the model, as models/churn/2
 * @param locations of its weights, from there
 * @returns the files that were added to
 */
export async function letIn(root: string, folder: string, locations: readonly string[]): Promise<readonly string[]> {
  const lines = locations
    .filter((location) => location.includes('/') || !location.includes('.onnx'))
    .map((location) => `!${folder}/${location}`);
  const changed: string[] = [];
  for (const file of files.filter((name) => existsSync(join(root, name)))) {
    const text = await readFile(join(root, file), 'utf8');
    const there = text.split('\n');
    const missing = lines.filter((line) => !there.includes(line));
    if (missing.length === 0) continue;
    await appendFile(join(root, file), `${text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`);
    changed.push(file);
  }
  return changed;
}
