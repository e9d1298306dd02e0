import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseEngine, type Engine } from '../tools/container-engine.ts';

/** One Deployment with all that belongs to it: its objects bear the name as their instance label. */
export interface Installation {
  readonly namespace: string;
  readonly deployment: string;
}

/** What `up` brought to one target. */
export interface Applied {
  /** More than one where a name was changed and what bore the old one is not pruned yet. */
  readonly installations: readonly Installation[];
  /** Missing until an apply has succeeded. */
  readonly image?: string;
  /** Its tag by content on this machine; none where it was named with `--image`. */
  readonly built?: string;
  /** That runs the nodes of kind. */
  readonly engine?: Engine;
}

type Record = Readonly<{ [on: string]: Applied | undefined }>;

/**
 * What `up` applied, by the words that were given to `--on`. Where the local engine and kind are up can be seen on this
 * machine; of all the contexts that kubectl knows, only those that `up` was sent to are asked.
 */
export async function recorded(root: string): Promise<Record> {
  try {
    return JSON.parse(await readFile(file(root), 'utf8')) as Record;
  } catch {
    return {};
  }
}

/** What runs the nodes of a target that `up` was sent to. */
export async function engineOf(root: string, { name }: { readonly name: string }): Promise<Engine> {
  return (await recorded(root))[name]?.engine ?? chooseEngine();
}

export async function record(root: string, on: string, applied: Applied): Promise<void> {
  await write(root, { ...(await recorded(root)), [on]: applied });
}

export async function forget(root: string, on: string): Promise<void> {
  const all = await recorded(root);
  if (on in all) await write(root, { ...all, [on]: undefined });
}

const file = (root: string): string => join(root, '.rhizome/applied.json');

async function write(root: string, all: Record): Promise<void> {
  await mkdir(join(root, '.rhizome'), { recursive: true });
  const whole = `${file(root)}.${String(process.pid)}`;
  await writeFile(whole, `${JSON.stringify(all, null, 2)}\n`);
  await rename(whole, file(root));
}

export const sameInstallation = (one: Installation, other: Installation): boolean =>
  one.namespace === other.namespace && one.deployment === other.deployment;
