import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalRuntime } from '../local/index.ts';
import { defaultEnvironment } from '../project/environment.ts';
import { privateCharts } from '../project/manifests.ts';
import { synth } from '../project/synth.ts';
import type { ExecContext } from '../tools/exec.ts';
import { keepGoing } from './keep-going.ts';

/** What `up --watch` runs on this machine, and what has changed. */
export interface Reload {
  /** The changed file. */
  readonly path: string;
  /** The manifests, relative to the root. */
  readonly file: string;
  readonly running: Pick<LocalRuntime, 'reload'>;
}

/**
 * Synthesizes the manifests again after a change in infra/ or cdk8s.yaml, and restarts the replicas if they differ. If
 * synthesis fails, it says why, and the replicas keep running.
 */
export async function reloadManifests(context: ExecContext, { path, file, running }: Reload): Promise<void> {
  const { root, report } = context;
  const manifests = (): Promise<string> => readFile(join(root, file), 'utf8');
  await keepGoing(context, async () => {
    const before = await manifests();
    await synth(context, { outdir: privateCharts, environment: defaultEnvironment });
    if ((await manifests()) === before) {
      report.line(`${path} changed: the manifests are the same.`);
      return;
    }
    report.line(`${path} changed: restarting the replicas with the new manifests.`);
    await running.reload();
  });
}
