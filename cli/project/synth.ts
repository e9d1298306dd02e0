import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { canaryStageVariable, type CanaryStage } from '../../infra/rollouts/stage.ts';
import { Failure } from '../failure.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';

export interface SynthOptions {
  /** Folder for the manifests, relative to the root. @default `output` in cdk8s.yaml */
  readonly outdir?: string;
  /** Image for the environment. @default the one in infra/ */
  readonly image?: string;
  /** The environment that gets the image, and the only one that may need a digest. @default `local`, and all of them */
  readonly environment?: string;
  /** What becomes of the canary of the environment. @default what infra/ says */
  readonly canary?: CanaryStage;
}

/**
 * Runs the `app` of cdk8s.yaml like `cdk8s synth`, which takes a second longer to start.
 * @returns the files, relative to the root
 */
export async function synth(context: ExecContext, options: SynthOptions = {}): Promise<readonly string[]> {
  const { app, output } = await readConfig(context.root);
  const { outdir = output, environment } = options;
  const folder = join(context.root, outdir);
  await mkdir(folder, { recursive: true });
  const before = await charts(folder);

  await exec(context, [app], {
    // With npx, since the pinned Node.js isn't on the user's PATH.
    shell: { printed: `npx -c ${quote([app])}` },
    env: {
      CDK8S_OUTDIR: outdir,
      ...(options.image !== undefined && { RHIZOME_IMAGE: options.image }),
      ...(environment !== undefined && { RHIZOME_ENVIRONMENT: environment }),
      ...(options.canary !== undefined && { [canaryStageVariable]: options.canary }),
    },
    hint: 'Nothing was applied. Correct infra/ as the message above says.',
  });
  const after = await charts(folder);
  const files = [...after.keys()].filter((file) => after.get(file) !== before.get(file)).toSorted();
  if (files.length === 0)
    throw new Failure(`\`${app}\` wrote no *.k8s.yaml to ${outdir}.`, {
      hint: 'The app in cdk8s.yaml must write to the folder in CDK8S_OUTDIR, as `new App()` does.',
    });
  // The old file of a renamed chart must not be applied.
  for (const file of after.keys()) if (!files.includes(file)) await rm(join(folder, file));
  return files.map((file) => join(outdir, file));
}

/** Returns when each chart in the folder was written, in nanoseconds. */
async function charts(folder: string): Promise<ReadonlyMap<string, bigint>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.k8s.yaml'));
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, (await stat(join(folder, file), { bigint: true })).mtimeNs] as const),
    ),
  );
}

async function readConfig(root: string): Promise<{ readonly app: string; readonly output: string }> {
  const config = parse(await readFile(join(root, 'cdk8s.yaml'), 'utf8')) as { app?: unknown; output?: unknown } | null;
  if (typeof config?.app !== 'string')
    throw new Failure('cdk8s.yaml has no `app`.', {
      hint: 'Add the command that synthesizes, such as `app: node infra/main.ts`.',
    });
  return { app: config.app, output: typeof config.output === 'string' ? config.output : 'dist' };
}
