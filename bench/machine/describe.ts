import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { root } from '../models/model-cache.ts';

/** Where and with what a run was made. */
export interface RunDescription {
  readonly date: string;
  readonly command: string;
  readonly commit: string;
  readonly machine: string;
  readonly cores: string;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeRun(cores: string, args: readonly string[]): RunDescription {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    commit: firstLine('git', ['-C', root, 'describe', '--always', '--dirty', '--abbrev=10']) ?? 'unknown',
    machine:
      `${processors.length} × ${processors[0]?.model ?? arch()}, ${Math.round(totalmem() / 2 ** 30)} GB, ` +
      `${type()} ${release()}`,
    cores,
    versions: {
      node: process.versions.node,
      'onnxruntime-node': packageVersion('onnxruntime-node'),
      hono: packageVersion('hono'),
      python: firstLine('python3', ['--version'])?.replace('Python ', '') ?? 'none',
      // It exits with 1 when it prints its version.
      wrk: firstLine('sh', ['-c', 'wrk --version || true'])?.split(' ')[1] ?? 'none',
    },
  };
}

function firstLine(file: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0];
  } catch {
    return undefined;
  }
}

function packageVersion(name: string): string {
  // Not every package exports its package.json.
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return 'none';
}
