import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from '../context.ts';

export const serviceCounts = [1, 10, 100] as const;

const program = join(import.meta.dirname, 'synth-program.ts');

/** From the start of the process to the manifests of so many services. */
export async function measureSynth({ figures, rounds, say }: Context): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const count of serviceCounts) {
      const folder = await mkdtemp(join(tmpdir(), 'rhizome-synth-'));
      const start = performance.now();
      await promisify(execFile)(process.execPath, [program, String(count), folder]);
      const ms = performance.now() - start;
      await rm(folder, { recursive: true });
      figures.add(`synth/${count}`, { ms });
      say(`synth: ${count} services in ${ms.toFixed(0)} ms`);
    }
  }
}
