import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { median } from '../figures.ts';
import { iris } from '../models/iris.ts';
import { plainEnvironment } from '../servers/node-servers.ts';
import { rhizome } from '../servers/rhizome.ts';
import { startServer } from '../servers/server.ts';

const loader = join(import.meta.dirname, '../servers/programs/runtime-load.js');

/** From the start of the process to the first 200 of /readyz, and what the runtime alone needs for the same file. */
export async function measureColdStart(context: Context): Promise<void> {
  const { cores, figures, say } = context;
  const { modelsDir, tensorFile } = await iris();
  const server = rhizome({ modelsDir });
  const service = async (): Promise<number> => {
    const { process, readyMilliseconds } = await startServer(server, cores);
    await process.stop();
    return readyMilliseconds;
  };
  // The first start of each reads its files from the disk.
  await service();
  await runtimeLoad(context, tensorFile);
  for (let round = 0; round < context.rounds * 5; round += 1) {
    figures.add('cold-start/service', { ms: await service() });
    figures.add('cold-start/runtime', { ms: await runtimeLoad(context, tensorFile) });
  }
  const [ours, floor] = [
    median(figures.rounds('cold-start/service/ms')),
    median(figures.rounds('cold-start/runtime/ms')),
  ];
  say(`cold-start: ready after ${ours.toFixed(0)} ms; the runtime alone needs ${floor.toFixed(0)} ms`);
}

/** Starts a process that only loads the runtime and the model. Returns how many milliseconds that takes. */
async function runtimeLoad({ cores }: Context, file: string): Promise<number> {
  const [command, ...args] = cores.forServer([process.execPath, loader, file]);
  const start = performance.now();
  const child = spawn(command, args, {
    env: { ...plainEnvironment(), ORT_DISABLE_TELEMETRY: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited]);
  const elapsed = performance.now() - start;
  await exited;
  if (child.exitCode !== 0) throw new Error(`runtime-load.js exited with ${child.exitCode ?? 'a signal'}`);
  return elapsed;
}
