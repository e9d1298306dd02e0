import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownPackageJson } from '../own-package.ts';
import { synth } from '../project/synth.ts';
import { readKindConfig } from '../targets/kind-config.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { lockedPackagesInstalled } from '../tools/measure-packages.ts';
import { quote } from '../tools/quote.ts';
import { writeChecksums } from './checksums.ts';
import { checkCache, registryOf } from './npmrc.ts';
import { copyProject, describeFiles } from './project-files.ts';
import { tar } from './tar.ts';

/** The images in a bundle. */
export interface BundledImages {
  readonly engine: string;
  /** The service's, tagged by its content. */
  readonly image: string;
  /** That of the nodes of kind. */
  readonly nodeImage: string;
}

const templates = join(dirname(dirname(fileURLToPath(import.meta.url))), 'templates/bundle');

/** Where the files of a bundle are collected. It is on the disk of the project, since they are large. */
const staging = '.rhizome/bundle';

/** The files of a bundle, until they are in the archive. */
export interface Staging {
  /** The folder that becomes the archive. */
  readonly folder: string;
  remove(): Promise<void>;
}

/** Creates an empty folder for a bundle. */
export async function createStaging({ root }: ExecContext): Promise<Staging> {
  const remove = (): Promise<void> => rm(join(root, staging), { recursive: true, force: true });
  await remove();
  const folder = join(root, staging, 'rhizome');
  await mkdir(folder, { recursive: true });
  return { folder, remove };
}

/**
 * Copies the project, and installs its packages there with a cache of their own: what an installation needs is in the
 * cache afterwards, also what the scripts of packages download.
 * @param output the archive, which may be a file of the project from an earlier time; relative to the current folder
 * @returns the registry under whose address the packages are in the cache
 */
export async function packProject(context: ExecContext, { folder }: Staging, output: string): Promise<string> {
  const project = join(dirname(folder), 'project');
  const cache = join(dirname(folder), 'npm-cache');
  const registry = await registryOf(context);
  const files = await copyProject(context, project, await placeIn(context.root, output));
  for (const line of describeFiles(files)) context.report.line(line);
  await tar(context, join(folder, 'project.tar'), { from: project });
  // The installation here needs the credentials that the archive must not have.
  const npmrc = join(context.root, '.npmrc');
  if (existsSync(npmrc)) await cp(npmrc, join(project, '.npmrc'));
  const there = { ...context, root: project };
  await exec(there, ['npm', 'ci', '--cache', cache, '--no-audit', '--no-fund', '--no-update-notifier'], {
    stream: true,
    measure: await lockedPackagesInstalled(project),
    hint: 'The bundle gets the packages that `npm ci` installs. Try that first.',
  });
  await checkCache(cache);
  await tar(context, join(folder, 'npm-cache.tar'), { from: cache, exclude: '_logs' });
  await rm(project, { recursive: true });
  await rm(cache, { recursive: true });
  return registry;
}

/** Returns the path of a file from a folder. Links on the way to both may differ. */
async function placeIn(root: string, file: string): Promise<string> {
  const folder = await realpath(dirname(resolve(file)));
  return relative(await realpath(root), join(folder, basename(file)));
}

/** Writes the manifests, and what explains and runs the bundle. */
export async function describeBundle(
  context: ExecContext,
  { folder }: Staging,
  { registry, images }: { readonly registry: string; readonly images: BundledImages | undefined },
): Promise<void> {
  const charts = join(staging, 'charts');
  await synth(context, { outdir: charts, ...(images && { image: images.image }) });
  await cp(join(context.root, charts), join(folder, 'charts'), { recursive: true });
  const values: Readonly<Record<string, string>> = {
    registry,
    version: ownPackageJson().version,
    platform: `${process.platform}/${process.arch}`,
    engine: images?.engine ?? 'docker',
    image: images?.image ?? '',
    nodeImage: images?.nodeImage ?? '',
    cluster: images === undefined ? '' : (readKindConfig(context.root)?.name ?? 'kind'),
  };
  const fill = async (name: string, format: (value: string) => string): Promise<void> => {
    const template = await readFile(join(templates, name), 'utf8');
    const text = template.replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) => format(values[key] ?? ''));
    await writeFile(join(folder, name), text);
  };
  await fill('README.md', (value) => value);
  await fill('up', (value) => quote([value]));
  await chmod(join(folder, 'up'), 0o755);
}

/** Writes the archive, with checksums of all files in it. @param output relative to the current folder */
export async function writeArchive(context: ExecContext, { folder }: Staging, output: string): Promise<void> {
  await writeChecksums(folder, (share) => {
    context.report.share(share);
  });
  await tar(context, resolve(output), { from: dirname(folder), what: 'rhizome' });
}
