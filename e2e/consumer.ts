import { execa } from 'execa';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { linkToolkit } from './toolkit.ts';

const root = join(import.meta.dirname, '..');

/** A user's program that imports the client as `rhizome-kit/client`, which is taken from this repository's sources. */
export interface Consumer {
  readonly folder: string;
  write(path: string, text: string): void;
  /** Type-checks the files. @returns the output of tsc, which is empty if there are no errors */
  compile(): Promise<string>;
  /** Runs a file. @returns its output. Rejects if the program fails. */
  run(path: string): Promise<string>;
  remove(): void;
}

/** Creates the program's folder, with package.json, tsconfig.json and node_modules but without any sources. */
export function createConsumer(): Consumer {
  const folder = mkdtempSync(join(tmpdir(), 'rhizome-consumer-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('package.json', '{"type": "module"}');
  linkToolkit(folder, 'client');
  write(
    'tsconfig.json',
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        lib: ['es2024', 'esnext.float16', 'dom'],
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      include: ['*.ts', 'src'],
      exclude: [],
    }),
  );
  return {
    folder,
    write,
    compile: async () =>
      (
        await execa(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', '.'], {
          cwd: folder,
          reject: false,
          timeout: 120_000,
        })
      ).stdout,
    run: async (path) => (await execa(process.execPath, [path], { cwd: folder, timeout: 60_000 })).stdout,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
