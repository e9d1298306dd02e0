import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ownPackageJson } from '../own-package.ts';
import { scaffoldFiles, type ScaffoldOptions } from './files.ts';
import { mergePackageJson, type MergedPackageJson } from './package-json.ts';

/** What `scaffold` did. */
export interface Scaffolded {
  /** The version or file of Rhizome that package.json depends on. */
  readonly spec: string;
  /** Paths of the files that were created or, with `force`, replaced. */
  readonly written: readonly string[];
  /** The user's own files that were changed, each with how. */
  readonly changed: readonly { readonly path: string; readonly how: string }[];
  /** The user's own files that were kept, each with what it must contain. */
  readonly kept: readonly { readonly path: string; readonly needs: string }[];
}

/** Lines that a file must contain, in any order. */
const lines = {
  '.npmrc': ['onnxruntime-node-install=skip'],
  '.gitignore': ['node_modules/', '/.rhizome/'],
} as const;

/**
 * Written at the top of a file that doesn't exist yet. npm 11 warns about every setting that isn't npm's own, such as
 * the one above; npm 10 needs that one, since it doesn't read `allowScripts`.
 */
const header: Readonly<Partial<Record<keyof typeof lines, string>>> = {
  '.npmrc':
    "# Hides npm's warning about the next setting. To see all warnings: npm install --loglevel=warn\nloglevel=error\n",
};

/**
 * Writes a project's files into a folder. Keeps files that exist, unless `force` is set. Adds what is missing to
 * package.json, .npmrc and .gitignore.
 */
export async function scaffold(
  root: string,
  options: ScaffoldOptions & { readonly spec: string; readonly force: boolean },
): Promise<Scaffolded> {
  const written: string[] = [];
  const changed: Scaffolded['changed'][number][] = [];
  const kept: Scaffolded['kept'][number][] = [];
  const put = async (path: string, content: string, how?: string): Promise<void> => {
    const before = await read(root, path);
    if (before === content) return;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    if (before === undefined || how === undefined) written.push(path);
    else changed.push({ path, how });
  };

  const existing = await read(root, 'package.json');
  const merged = mergePackageJson(existing, options.name, ownPackageJson(), options.spec, options.dockerfile);
  await put('package.json', merged.text, `added ${merged.added.join(', ')}${nodeOfScripts(merged)}`);
  if (merged.kept.length > 0)
    kept.push({ path: 'package.json', needs: `These entries keep your values: ${merged.kept.join(', ')}.` });
  for (const file of scaffoldFiles(options)) {
    const there = await read(root, file.path);
    if (there === undefined || options.force) await put(file.path, file.content);
    else if (there !== file.content) kept.push(file);
  }
  // Without it, Node would treat infra/*.ts as CommonJS, like the rest of the repository.
  if (!merged.isModule && !existsSync(join(root, 'infra/package.json')))
    await put('infra/package.json', '{ "type": "module" }\n');
  for (const path of ['.npmrc', '.gitignore'] as const) {
    const before = (await read(root, path)) ?? header[path] ?? '';
    const missing = missingLines(before, lines[path]);
    await put(path, withLines(before, missing), `added ${missing.join(', ')}`);
  }
  return { spec: merged.spec, written, changed, kept };
}

function nodeOfScripts({ scriptsOnOtherNode: scripts }: MergedPackageJson): string {
  if (scripts.length === 0) return '';
  const [major] = (ownPackageJson().devDependencies.node ?? '').replace('^', '').split('.');
  return (
    `. npm now runs your scripts (${scripts.join(', ')}) with Node ${major ?? ''} too; to keep theirs, install ` +
    `Node ${major ?? ''} and remove devDependencies.node`
  );
}

function missingLines(text: string, wanted: readonly string[]): readonly string[] {
  // A setting that the user has given another value stays theirs.
  const key = (line: string): string => line.replace(/=.*/, '').trim();
  const there = text.split('\n').map(key);
  return wanted.filter((line) => !there.includes(key(line)));
}

function withLines(text: string, missing: readonly string[]): string {
  if (missing.length === 0) return text;
  return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${missing.join('\n')}\n`;
}

async function read(root: string, path: string): Promise<string | undefined> {
  return readFile(join(root, path), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
}
