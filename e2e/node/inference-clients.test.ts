/**
 * Tests the Open Inference Protocol with clients from PyPI, tritonclient and kserve, against the real process.
 * `.ci/inference-clients` installs them and prints the folder of their Python as INFERENCE_CLIENTS.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { version } from '../../service/contract/index.ts';
import { findTool, testUnless } from '../needs.ts';

const root = join(import.meta.dirname, '../..');
const folder = process.env['INFERENCE_CLIENTS'];
const python = folder === undefined ? undefined : findTool('python', [folder]);
const reason = python === undefined ? 'needs Python clients: eval "$(.ci/inference-clients)"' : undefined;
const timeout = 120_000;

let dir: string;
let server: ChildProcess | undefined;
/** `host:port` by protocol. */
let addresses: { http: string; grpc: string };

beforeAll(async () => {
  if (python === undefined) return;
  dir = await mkdtemp(join(tmpdir(), 'rhizome-clients-'));
  for (const name of ['columns', 'echo', 'gather']) {
    await mkdir(join(dir, name));
    await cp(join(root, `onnx/fixtures/${name}.onnx`), join(dir, name, 'model.onnx'));
  }
  await writeFile(join(dir, 'columns/model.json'), '{"classes": ["no", "yes"]}');
  server = spawn(process.execPath, [join(root, 'service/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      MODELS_DIR: dir,
      HOST: '127.0.0.1',
      PORT: '0',
      GRPC_PORT: '0',
      DRAIN_DELAY_SECONDS: '0',
      // Otherwise measured, and maybe 1 on a busy machine, where two rows are two runs.
      MAX_BATCH: '64',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 4 * timeout,
  });
  addresses = await started(server);
});

afterAll(async () => {
  if (server === undefined) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  await rm(dir, { recursive: true });
});

/** Resolves once the models are ready. Further output of the process is read and dropped. */
function started(child: ChildProcess): Promise<typeof addresses> {
  return new Promise((resolve, reject) => {
    const output: string[] = [];
    let listening: { url: string; grpc_url: string } | undefined;
    createInterface(child.stdout!)
      .on('line', (line) => {
        output.push(line);
        const entry = JSON.parse(line) as { msg: string; url: string; grpc_url: string };
        if (entry.msg === 'listening') listening = entry;
        if (entry.msg === 'ready' && listening)
          resolve({ http: new URL(listening.url).host, grpc: listening.grpc_url.replace(/^\w+:\/\//, '') });
      })
      .on('close', () => {
        reject(new Error(`the service ended before it was ready:\n${output.join('\n')}`));
      });
  });
}

async function ask(script: string, ...args: readonly string[]): Promise<void> {
  const { all, exitCode } = await execa(python!, [join(import.meta.dirname, 'clients', script), ...args], {
    all: true,
    reject: false,
    timeout,
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  });
  expect({ exitCode, all }).toEqual({ exitCode: 0, all: '' });
}

testUnless(reason, 'tritonclient over HTTP', () => ask('with_tritonclient.py', 'http', addresses.http, version));
testUnless(reason, 'tritonclient over gRPC', () => ask('with_tritonclient.py', 'grpc', addresses.grpc, version));
testUnless(reason, 'kserve over HTTP', () => ask('with_kserve.py', 'rest', `http://${addresses.http}`));
testUnless(reason, 'kserve over gRPC', () => ask('with_kserve.py', 'grpc', addresses.grpc));
