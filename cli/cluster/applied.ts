import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';

/** A Deployment and the objects that belong to it, which carry its name in their `app.kubernetes.io/name` label. */
export interface Installation {
  readonly namespace: string;
  readonly deployment: string;
  /** @default local */
  readonly environment?: string;
}

/** What `up` applied to one target. */
export interface Applied {
  /** More than one if the Deployment or namespace was renamed and the old objects have not been pruned yet. */
  readonly installations: readonly Installation[];
  /** The environment that was applied last. @default local */
  readonly environment?: string;
  /** Missing until an apply has succeeded. */
  readonly image?: string;
  /** The image's content-based tag on this machine. Missing if the image was given by `--image`. */
  readonly built?: string;
  /** Tags that `up` gave to images of this machine. */
  readonly tags?: readonly string[];
  /** The container engine that runs the nodes of a kind cluster. */
  readonly engine?: ContainerEngine;
}

type AppliedByTarget = Readonly<Partial<Record<string, Applied>>>;

/**
 * Reads what `up` applied, by the value of `--on`. The local runtime and kind can be found on this machine without it;
 * of the contexts in the kubeconfig, only those that `up` was used on are queried.
 */
export async function readApplied(root: string): Promise<AppliedByTarget> {
  try {
    return JSON.parse(await readFile(file(root), 'utf8')) as AppliedByTarget;
  } catch {
    return {};
  }
}

/** Returns the container engine that `up` used for a target, or the default one. */
export async function containerEngineOf(root: string, { name }: { readonly name: string }): Promise<ContainerEngine> {
  return (await readApplied(root))[name]?.engine ?? chooseContainerEngine();
}

/** Saves what `up` applied. Tags are kept. */
export async function saveApplied(root: string, on: string, applied: Omit<Applied, 'tags'>): Promise<void> {
  const all = await readApplied(root);
  const { tags } = all[on] ?? {};
  await write(root, { ...all, [on]: { ...applied, ...(tags && { tags }) } });
}

/** Saves the tags that `up` gave to images, and nothing else. */
export async function saveTags(root: string, on: string, tags: readonly string[]): Promise<void> {
  const all = await readApplied(root);
  await write(root, { ...all, [on]: { installations: [], ...all[on], tags } });
}

export async function forgetApplied(root: string, on: string): Promise<void> {
  const { [on]: forgotten, ...others } = await readApplied(root);
  if (forgotten !== undefined) await write(root, others);
}

const file = (root: string): string => join(root, '.rhizome/applied.json');

async function write(root: string, all: AppliedByTarget): Promise<void> {
  await mkdir(join(root, '.rhizome'), { recursive: true });
  const temporary = `${file(root)}.${String(process.pid)}`;
  await writeFile(temporary, `${JSON.stringify(all, null, 2)}\n`);
  await rename(temporary, file(root));
}

export const isSameInstallation = (one: Installation, other: Installation): boolean =>
  one.namespace === other.namespace && one.deployment === other.deployment;
