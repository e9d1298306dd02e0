import { execa } from 'execa';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** A program of somebody else's that has the client, from this repository's sources, as `rhizome-kit/client`. */
export interface Consumer {
  readonly folder: string;
  write(path: string, text: string): void;
  /** What tsc says of the files, nothing where all is well. */
  compile(): Promise<string>;
  /** What a file prints. Rejects where it fails. */
  run(path: string): Promise<string>;
  remove(): void;
}

export function createConsumer(): Consumer {
  const folder = mkdtempSync(join(tmpdir(), 'rhizome-consumer-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('package.json', '{"type": "module"}');
  // Beside node_modules, below which Node runs no TypeScript.
  write(
    'rhizome-kit/package.json',
    '{"name": "rhizome-kit", "type": "module", "exports": {"./client": "./client/index.ts"}}',
  );
  for (const floor of ['client', 'service', 'onnx', 'node_modules'])
    symlinkSync(join(root, floor), join(folder, 'rhizome-kit', floor));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(folder, 'rhizome-kit'), join(folder, 'node_modules/rhizome-kit'));
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
