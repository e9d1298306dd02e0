import { execa } from 'execa';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyProject } from './copy-project.ts';

const root = join(import.meta.dirname, '..');

/** A copy of the project that a test may change, and the command line of that copy. */
export interface Workspace {
  readonly folder: string;
  /** Runs `rhizome` until it exits. Never rejects: the test checks the exit code. */
  rhizome(...args: readonly string[]): Promise<Run>;
  /** Starts `rhizome` without waiting for it to exit. */
  start(...args: readonly string[]): ReturnType<typeof run>;
  remove(): Promise<void>;
}

export interface Run {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Timeout of a command, in milliseconds: long enough to create a cluster, build and load an image, and roll it out. */
const timeout = 480_000;

/** Copies the project's files, including those that are not committed yet, to a temporary folder. */
export async function createWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-e2e-'));
  copyProject(root, folder);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    async rhizome(...args) {
      const { exitCode, stdout, stderr } = await run(folder, args);
      return { exitCode, stdout, stderr };
    },
    start: (...args) => run(folder, args),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function run(cwd: string, args: readonly string[]) {
  return execa(process.execPath, ['cli/main.ts', ...args], { cwd, timeout, reject: false, stdin: 'ignore' });
}
