import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from '../context.ts';
import type { BenchModel } from '../models/bench-model.ts';
import { plainEnvironment } from '../servers/node-servers.ts';

const program = join(import.meta.dirname, '../servers/programs/runtime-loop.ts');

/** Runs a model in a loop, on the server's core, with one thread. Returns rows per second by batch size. */
async function runtimeLoop(
  { cores }: Context,
  { tensorFile, rowShape }: BenchModel,
  batchSizes: readonly number[],
  seconds: number,
): Promise<ReadonlyMap<number, number>> {
  const [file, ...args] = cores.forServer([
    process.execPath,
    ...[program, tensorFile, rowShape.join(','), batchSizes.join(','), String(seconds)],
  ]);
  const { stdout } = await promisify(execFile)(file, args, {
    env: { ...plainEnvironment(), ORT_DISABLE_TELEMETRY: '1' },
  });
  const rows = JSON.parse(stdout) as Record<string, number>;
  return new Map(Object.entries(rows).map(([size, rate]) => [Number(size), rate]));
}

/** Finds the runtime's best batch size. Returns a function that measures one round with it. */
export async function runtimeFloor(
  context: Context,
  subject: string,
  model: BenchModel,
  seconds: number,
): Promise<() => Promise<void>> {
  const sizes = [1, 2, 4, 8, 16, 32, 64];
  context.say(`${subject}: finding the runtime's best batch size`);
  const tried = await runtimeLoop(context, model, sizes, context.quick ? 0.3 : 0.6);
  const [best = 1] = [...tried.keys()].sort((a, b) => (tried.get(b) ?? 0) - (tried.get(a) ?? 0));
  for (const [size, rows] of tried) context.figures.add(`${subject}/runtime/batch-${size}`, { rows });
  return async () => {
    const rows = (await runtimeLoop(context, model, [best], seconds)).get(best);
    context.figures.add(`${subject}/runtime`, { rows, batch: best });
    context.say(`  ${'bare runtime'.padEnd(24)} ${(rows ?? 0).toFixed(0).padStart(7)} rows/s in batches of ${best}`);
  };
}
