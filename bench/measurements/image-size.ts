import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Context } from '../context.ts';

const tag = process.env['BENCH_IMAGE'] ?? 'iris-server:v0.1.0';

/** The size of the image, if there is one on this machine. Building it would take longer than everything else. */
export async function measureImageSize({ figures, say }: Context): Promise<void> {
  try {
    const { stdout } = await promisify(execFile)('docker', ['image', 'inspect', '--format', '{{.Size}}', tag]);
    const megabytes = Number(stdout) / 2 ** 20;
    figures.add('image-size', { mb: megabytes });
    say(`image-size: ${tag} has ${megabytes.toFixed(0)} MB`);
  } catch {
    const reason = `Docker has no image ${tag}: build it first, or name another one in BENCH_IMAGE`;
    figures.skip('image-size', reason);
    say(`image-size: ${reason}`);
  }
}
