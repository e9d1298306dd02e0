import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Failure } from '../failure.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';

export interface SynthOptions {
  /** Folder for the manifests, relative to the root; the `output` of cdk8s.yaml when absent. */
  readonly outdir?: string;
  /** The image that the environment `local` gets; the one in infra/ when absent. */
  readonly image?: string;
}

/**
 * Runs the `app` of cdk8s.yaml, as `cdk8s synth` does, without its second of start-up.
 * @returns the files, relative to the root
 */
export async function synth(context: ExecContext, options: SynthOptions = {}): Promise<readonly string[]> {
  const { app, output } = await readConfig(context.root);
  const outdir = options.outdir ?? output;
  const folder = join(context.root, outdir);
  await mkdir(folder, { recursive: true });
  // A chart that was renamed must not leave its old file to be applied.
  const isChart = (file: string): boolean => file.endsWith('.k8s.yaml');
  const before = new Map<string, Buffer>();
  for (const path of (await readdir(folder)).filter(isChart).map((file) => join(folder, file))) {
    before.set(path, await readFile(path));
    await rm(path);
  }
  const restore = async (error: unknown): Promise<never> => {
    for (const [path, content] of before) await writeFile(path, content);
    throw error;
  };

  await exec(context, [app], {
    // Through npx, because the pinned Node is on nobody's PATH.
    shell: { shown: `npx -c ${quote([app])}` },
    env: { CDK8S_OUTDIR: outdir, ...(options.image !== undefined && { RHIZOME_IMAGE: options.image }) },
    hint: 'Nothing was changed. Correct infra/ as the message says.',
  }).catch(restore);
  const files = (await readdir(folder)).filter(isChart).toSorted();
  if (files.length === 0) throw new Failure(`\`${app}\` made no *.k8s.yaml in ${outdir}.`, { hint: 'The app of cdk8s.yaml must write to the folder in CDK8S_OUTDIR, as `new App()` does.' });
  return files.map((file) => join(outdir, file));
}

async function readConfig(root: string): Promise<{ readonly app: string; readonly output: string }> {
  const config = parse(await readFile(join(root, 'cdk8s.yaml'), 'utf8')) as { app?: unknown; output?: unknown } | null;
  if (typeof config?.app !== 'string') throw new Failure('cdk8s.yaml has no `app`.', { hint: 'Add the command that synthesizes, as `app: node infra/main.ts`.' });
  return { app: config.app, output: typeof config.output === 'string' ? config.output : 'dist' };
}
