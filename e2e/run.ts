/**
 * `npm run e2e -- [--context NAME [--registry R]] [--table FILE] [paths and options of Jest]`: the tests that need Docker
 * and Kubernetes. Jest refuses options that it does not know, and cleans up after neither a crash nor Ctrl-C; this does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execaSync } from 'execa';
import { freePort, kindCluster, variables } from './suite.ts';
import { formatTable } from './impact-table.ts';
import { runCleanUps } from './cleanup.ts';

const { context, registry, table, rest } = readArguments(process.argv.slice(2));
if (context === undefined) refuseLeftovers();

const folder = mkdtempSync(join(tmpdir(), 'rhizome-e2e-'));
const id = folder.slice(-6).toLowerCase();
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  // Every temporary folder of every test is in this one.
  TMPDIR: folder,
  [variables.id]: id,
  [variables.cleanUp]: join(folder, 'clean-up'),
  [variables.table]: join(folder, 'table'),
  ...(context === undefined
    ? // kind makes its cluster the current context: of a file of ours, not of the user's.
      { [variables.port]: String(await freePort()), KUBECONFIG: join(folder, 'kubeconfig') }
    : { [variables.context]: context }),
  ...(registry !== undefined && { [variables.registry]: registry }),
};

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) return;
    console.error(`\n${signal}: ending the tests, then removing what they made. This takes up to a minute.`);
    interrupted.abort();
  });
}

try {
  process.exitCode = await runJest();
} finally {
  await endProcesses();
  await runCleanUps(environment[variables.cleanUp]!, environment);
  const rows = environment[variables.table]!;
  if (existsSync(rows)) {
    const text = formatTable(rows);
    console.log(`\n${text}`);
    if (table !== undefined) writeFileSync(table, text);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** @returns the exit code */
async function runJest(): Promise<number> {
  const jest = join(import.meta.dirname, '../node_modules/jest/bin/jest.js');
  // In a process group of its own, which Ctrl-C at a terminal does not reach: the signal is passed on once, from here.
  const child = spawn(process.execPath, [jest, '--selectProjects', 'e2e', '--runInBand', ...rest], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment,
    detached: true,
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  interrupted.signal.addEventListener('abort', () => {
    process.kill(-child.pid!, 'SIGINT');
  });
  if (interrupted.signal.aborted) process.kill(-child.pid!, 'SIGINT');
  const aborted = new Promise<void>((resolve) => {
    interrupted.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  const [code] = await Promise.race([exited, aborted.then(() => sleep(20_000, [130] as const, { ref: false }))]);
  return interrupted.signal.aborted ? 130 : (code ?? 1);
}

/** Ends what the tests started and left: every process that has this run's id in its environment, where /proc tells. */
async function endProcesses(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    for (const pid of ours()) {
      try {
        process.kill(pid, signal);
      } catch {
        /* ended meanwhile */
      }
    }
    for (let tries = 0; tries < 50 && ours().length > 0; tries++) await sleep(100);
  }
}

function ours(): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${variables.id}=${id}`);
      } catch {
        return false; // ended meanwhile, or somebody else's
      }
    })
    .map(Number);
}

/** A cluster that an earlier run could not remove. On CI nobody else's can be there. */
function refuseLeftovers(): void {
  const { stdout, failed } = execaSync('kind', ['get', 'clusters'], { reject: false });
  if (failed || !stdout.split('\n').includes(kindCluster)) return;
  if (process.env['CI'] !== undefined) {
    execaSync('kind', ['delete', 'cluster', '--name', kindCluster]);
    return;
  }
  console.error(
    `The kind cluster ${kindCluster} is there: another run's, or one that was killed left it. Remove it with: kind delete cluster --name ${kindCluster}`,
  );
  process.exit(1);
}

function readArguments(args: readonly string[]) {
  const rest: string[] = [];
  const found: Record<string, string> = {};
  for (let index = 0; index < args.length; index++) {
    const [, name, inline] = /^--(context|registry|table)(?:=(.*))?$/s.exec(args[index]!) ?? [];
    if (name === undefined) {
      rest.push(args[index]!);
      continue;
    }
    const value = inline ?? args[++index];
    if (value === undefined || value === '' || value.startsWith('-')) usage(`--${name} needs a value.`);
    found[name] = value;
  }
  if (found['registry'] !== undefined && found['context'] === undefined)
    usage("--registry goes with --context: the suite's own cluster is loaded.");
  // The others are not about that cluster.
  if (found['context'] !== undefined && !rest.some((arg) => arg.startsWith('e2e/'))) rest.push('e2e/cluster');
  return { context: found['context'], registry: found['registry'], table: found['table'], rest };
}

function usage(message: string): never {
  console.error(
    `${message}\n\nnpm run e2e -- [--context NAME [--registry REGISTRY]] [--table FILE] [paths and options of Jest]`,
  );
  process.exit(2);
}
