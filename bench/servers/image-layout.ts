import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../models/model-cache.ts';
import { manifestEnvironment } from './rhizome.ts';
import type { ServerSpec } from './server.ts';

/** The service as the image has it: bundled, as in the Dockerfile, but with all packages of this repository. */
export interface ImageLayout {
  readonly server: ServerSpec;
  readonly remove: () => Promise<void>;
}

export async function imageLayout(modelsDir: string): Promise<ImageLayout> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-image-'));
  for (const name of ['package.json', 'service', 'onnx'])
    await cp(join(root, name), join(folder, name), { recursive: true });
  await promisify(execFile)(process.execPath, ['--no-warnings', 'service/image/bundle.ts', folder], { cwd: root });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const server: ServerSpec = {
    name: 'Rhizome, as in the image',
    readyPath: '/readyz',
    start: ({ http, grpc }) => ({
      command: [process.execPath, 'service/main.js'],
      cwd: folder,
      env: {
        ...manifestEnvironment(root),
        NODE_ENV: 'production',
        ORT_DISABLE_TELEMETRY: '1',
        PORT: String(http),
        GRPC_PORT: String(grpc),
        MODELS_DIR: modelsDir,
      },
    }),
  };
  return { server, remove: () => rm(folder, { recursive: true }) };
}
