/**
 * `npm run e2e -- [--context NAME [--registry REGISTRY]] [--table FILE] [Jest's paths and options]` runs the tests that
 * need Docker and Kubernetes. This script wraps Jest because Jest rejects options that it does not know and does not
 * clean up after a crash or Ctrl-C.
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
if (context === undefined) refuseExistingCluster();

const folder = mkdtempSync(join(tmpdir(), 'rhizome-e2e-'));
const id = folder.slice(-6).toLowerCase();
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  // The temporary folders of all tests are created in this one.
  TMPDIR: folder,
  [variables.id]: id,
  [variables.cleanUp]: join(folder, 'clean-up'),
  [variables.table]: join(folder, 'table'),
  ...(context === undefined
    ? // kind changes the current context. It must do so in a kubeconfig of this run, not in the user's.
      { [variables.port]: String(await freePort()), KUBECONFIG: join(folder, 'kubeconfig') }
    : { [variables.context]: context }),
  ...(registry !== undefined && { [variables.registry]: registry }),
};

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) return;
    console.error(`\n${signal}: stopping the tests and removing what they created. This takes up to a minute.`);
    interrupted.abort();
  });
}

try {
  process.exitCode = await runJest();
} finally {
  await stopLeftoverProcesses();
  await runCleanUps(environment[variables.cleanUp]!, environment);
  const rows = environment[variables.table]!;
  if (existsSync(rows)) {
    const text = formatTable(rows);
    console.log(`\n${text}`);
    if (table !== undefined) writeFileSync(table, text);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Runs the tests. @returns the exit code */
async function runJest(): Promise<number> {
  const jest = join(import.meta.dirname, '../node_modules/jest/bin/jest.js');
  // Jest runs in its own process group, so Ctrl-C in a terminal does not reach it directly. This process passes the
  // signal on, once.
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

/**
 * Stops the processes that the tests left running: those with this run's id in their environment. Does nothing on
 * systems without /proc.
 */
async function stopLeftoverProcesses(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    for (const pid of leftoverProcesses()) {
      try {
        process.kill(pid, signal);
      } catch {
        /* it has exited meanwhile */
      }
    }
    for (let tries = 0; tries < 50 && leftoverProcesses().length > 0; tries++) await sleep(100);
  }
}

function leftoverProcesses(): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${variables.id}=${id}`);
      } catch {
        return false; // it has exited meanwhile, or belongs to another user
      }
    })
    .map(Number);
}

/**
 * Exits if the suite's cluster exists already, because an earlier run could not delete it or another run is using it.
 * On CI no other run can be using it, so the cluster is deleted instead.
 */
function refuseExistingCluster(): void {
  const { stdout, failed } = execaSync('kind', ['get', 'clusters'], { reject: false });
  if (failed || !stdout.split('\n').includes(kindCluster)) return;
  if (process.env['CI'] !== undefined) {
    execaSync('kind', ['delete', 'cluster', '--name', kindCluster]);
    return;
  }
  console.error(
    `The kind cluster ${kindCluster} already exists: another run uses it, or a run that was killed left it behind.\n` +
      `If no other run uses it, delete it: kind delete cluster --name ${kindCluster}`,
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
    if (value === undefined || value === '' || value.startsWith('-')) usage(`--${name} requires a value.`);
    found[name] = value;
  }
  if (found['registry'] !== undefined && found['context'] === undefined)
    usage("--registry requires --context: images are loaded into the suite's own cluster, not pushed.");
  // The other tests do not use that cluster.
  if (found['context'] !== undefined && !rest.some((arg) => arg.startsWith('e2e/'))) rest.push('e2e/cluster');
  return { context: found['context'], registry: found['registry'], table: found['table'], rest };
}

function usage(message: string): never {
  console.error(
    `${message}\n\n` +
      "Usage: npm run e2e -- [--context NAME [--registry REGISTRY]] [--table FILE] [Jest's paths and options]",
  );
  process.exit(2);
}
