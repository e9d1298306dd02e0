import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, readdir, readFile, readlink, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { MissingTool } from '../tools/tool.ts';
import { withoutCredentials } from './npmrc.ts';

/** What no other machine needs, at any depth: what npm installs, what git knows, and what Rhizome writes. */
const neverPacked = new Set(['node_modules', '.git', '.rhizome']);

/** What other commands write into the project's folder. Git ignores these where there is git. */
const written = new Set(['dist', 'coverage', '.venv']);

/** Files and folders that usually hold secrets. What was committed to git is not one. */
const secretNames = String.raw`\.(netrc|pgpass|pypirc|envrc|ssh|aws|kube|docker|gnupg)|\.?secrets?|credentials`;
const secretExtensions = 'env|pem|key|p12|pfx|jks|keystore|kdbx|tfvars|tfstate';
const secret = new RegExp(
  String.raw`^(${secretNames}|id_(rsa|dsa|ecdsa|ed25519))(\..*)?$|kubeconfig|\.(${secretExtensions})$`,
  'i',
);

/** Never packed, even if it was committed. */
const environmentFile = /^\.env(\.|$)/;

/** What the project consists of. All paths are relative to its folder. */
interface ProjectFiles {
  readonly packed: readonly string[];
  /** Those that may hold secrets. */
  readonly leftOut: readonly string[];
  /** Whether git said what belongs to the project. */
  readonly fromGit: boolean;
}

/**
 * Copies the files of the project into a folder, but not those that may hold secrets; of an .npmrc, what isn't one.
 * @param except a path that isn't a part of the project, relative to its folder
 */
export async function copyProject(context: ExecContext, folder: string, except: string): Promise<ProjectFiles> {
  const files = await projectFiles(context, except);
  const packed = new Set(files.packed);
  for (const path of files.packed) {
    const from = join(context.root, path);
    const to = join(folder, path);
    if (basename(path) === '.npmrc') {
      await mkdir(dirname(to), { recursive: true });
      await writeFile(to, withoutCredentials(await readFile(from, 'utf8')));
    } else if (await leadsElsewhere(context.root, path, packed)) {
      // The other machine has only what is packed: the link becomes what it leads to.
      await cp(await realpath(from), to, { recursive: true, dereference: true, filter: isNoSecret });
    } else {
      await cp(from, to, {
        recursive: true,
        verbatimSymlinks: true,
        filter: (source) => source === from || isNoSecret(source),
      });
    }
  }
  return files;
}

/** Says what a bundle has of the project. */
export function describeFiles({ packed, leftOut, fromGit }: ProjectFiles): readonly string[] {
  const top = new Set(packed.map((path) => path.replace(/\/.*/, '/')));
  return [
    `${String(packed.length)} files of the project: ${[...top].sort().join(', ')}`,
    ...(fromGit ? [] : ['This is not a git repository, so all files are packed. Check that no file is a secret.']),
    ...(leftOut.length === 0 ? [] : [`Left out, since they may hold secrets: ${leftOut.join(', ')}`]),
  ];
}

/** For a folder that is packed as a whole: a git submodule, or what a link leads to. */
const isNoSecret = (source: string): boolean => {
  const name = basename(source);
  return !neverPacked.has(name) && !environmentFile.test(name) && !secret.test(name) && name !== '.npmrc';
};

/** Whether a file is a link to something that the archive has at no such place. */
async function leadsElsewhere(root: string, path: string, packed: ReadonlySet<string>): Promise<boolean> {
  const link = join(root, path);
  if (!(await lstat(link)).isSymbolicLink()) return false;
  const target = await readlink(link);
  if (isAbsolute(target)) return true;
  const place = relative(root, resolve(dirname(link), target));
  return !packed.has(place) && ![...packed].some((each) => each.startsWith(`${place}/`));
}

/** Returns the files that git does not ignore, or all but some folders where there is no git. */
async function projectFiles(context: ExecContext, except: string): Promise<ProjectFiles> {
  const committed = await gitFiles(context, ['--cached']);
  const others =
    committed === undefined ? await allFiles(context) : await gitFiles(context, ['--others', '--exclude-standard']);
  const names = (path: string): readonly string[] => path.split('/');
  const candidates = others?.filter((path) => path !== except && !names(path).some((name) => neverPacked.has(name)));
  const isSecret = (path: string): boolean =>
    names(path).some((name) => secret.test(name) || environmentFile.test(name));
  const packed = [
    ...(committed ?? []).filter((path) => path !== except && !environmentFile.test(basename(path))),
    ...(candidates ?? []).filter((path) => !isSecret(path)),
  ];
  return {
    // A link may lead nowhere, and git also lists what was deleted since the last commit.
    packed: packed.filter((path) => existsSync(join(context.root, path))),
    leftOut: (candidates ?? []).filter(isSecret),
    fromGit: committed !== undefined,
  };
}

async function gitFiles(context: ExecContext, which: readonly string[]): Promise<readonly string[] | undefined> {
  try {
    const list = await exec(context, ['git', 'ls-files', '-z', ...which], { quiet: true });
    return list.split('\0').filter((path) => path !== '');
  } catch (error) {
    if (!(error instanceof CommandFailed || error instanceof MissingTool)) throw error;
    return undefined;
  }
}

async function allFiles({ root }: Pick<ExecContext, 'root'>, folder = '.'): Promise<readonly string[]> {
  const files: string[] = [];
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (neverPacked.has(entry.name) || (folder === '.' && written.has(entry.name))) continue;
    if (entry.isDirectory()) files.push(...(await allFiles({ root }, path)));
    else if (entry.isFile() || entry.isSymbolicLink()) files.push(path);
  }
  return files;
}
