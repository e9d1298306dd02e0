import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../models/model-cache.ts';

let layout: Promise<string> | undefined;

/**
 * Returns a folder with the service as the image has it: bundled, as in the Dockerfile, but next to all packages of
 * this repository. It is made once per run, and removed at the end.
 */
export function imageLayout(): Promise<string> {
  layout ??= makeLayout();
  return layout;
}

async function makeLayout(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-image-'));
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const name of ['package.json', 'service', 'onnx'])
    await cp(join(root, name), join(folder, name), { recursive: true });
  await promisify(execFile)(process.execPath, ['--no-warnings', 'service/image/bundle.ts', folder], { cwd: root });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}
