import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchModel } from '../models/bench-model.ts';
import { root, sharedCache } from '../models/model-cache.ts';
import { freePort } from '../../e2e/suite.ts';
import { plainEnvironment } from './node-servers.ts';
import type { Ports, ServerSpec } from './server.ts';

/** Another server, as its documentation recommends to run it: a folder in bench/peers/. */
export interface Peer {
  readonly id: string;
  readonly title: string;
  readonly readyPath: string;
  /** Programs are those of its Python environment; the working directory is its own. */
  readonly command: (ports: Ports, folder: string) => readonly string[];
}

export const fastapi: Peer = {
  id: 'fastapi',
  title: 'FastAPI async',
  readyPath: '/readyz',
  command: ({ http }, folder) => ['uvicorn', '--app-dir', folder, '--port', String(http), 'app:app'],
};

export const mlserver: Peer = {
  id: 'mlserver',
  title: 'MLServer',
  readyPath: '/v2/models/iris/ready',
  command: (_, folder) => ['mlserver', 'start', folder],
};

export const bentoml: Peer = {
  id: 'bentoml',
  title: 'BentoML',
  readyPath: '/readyz',
  command: ({ http }, folder) => [
    ...['bentoml', 'serve', '--working-dir', folder, '--host', '127.0.0.1', '--port', String(http), 'service:Iris'],
  ],
};

export const litserve: Peer = {
  id: 'litserve',
  title: 'LitServe',
  readyPath: '/health',
  command: (_, folder) => ['python', join(folder, 'server.py')],
};

/** Why a peer cannot be measured on this machine. */
export class PeerUnavailable extends Error {
  override readonly name = 'PeerUnavailable';
}

/**
 * Returns a peer as a server. Its packages are installed first, if they are not yet.
 * @throws {PeerUnavailable} if there is no Python, or the packages cannot be installed
 */
export async function peerServer(peer: Peer, model: BenchModel, say: (text: string) => void): Promise<ServerSpec> {
  const programs = await environment(peer, say);
  const working = join(sharedCache, 'peers', `${peer.id}-work`);
  await mkdir(working, { recursive: true });
  return {
    name: peer.title,
    readyPath: peer.readyPath,
    async start(ports) {
      const [program = '', ...args] = peer.command(ports, join(root, 'bench/peers', peer.id));
      return {
        command: [join(programs, program), ...args],
        // Some of them write files there.
        cwd: working,
        env: {
          ...plainEnvironment(),
          PATH: `${programs}:${process.env['PATH'] ?? ''}`,
          PYTHONDONTWRITEBYTECODE: '1',
          MODEL: model.file,
          FEATURES: model.features.join(','),
          CLASSES: model.classes.join(','),
          PORT: String(ports.http),
          MLSERVER_HTTP_PORT: String(ports.http),
          MLSERVER_GRPC_PORT: String(ports.grpc),
          MLSERVER_METRICS_PORT: String(await freePort()),
          BENTOML_DO_NOT_TRACK: 'true',
          DO_NOT_TRACK: '1',
        },
      };
    },
  };
}

/** Creates the peer's Python environment, if the one for these requirements does not exist. @returns its programs */
async function environment({ id, title }: Peer, say: (text: string) => void): Promise<string> {
  const requirements = join(root, 'bench/peers', id, 'requirements.txt');
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const folder = join(sharedCache, 'peers', `${id}-${hash}`);
  const programs = join(folder, 'bin');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return programs;
  say(`${title}: installing it below ${folder}`);
  await rm(folder, { recursive: true, force: true });
  try {
    await promisify(execFile)('python3', ['-m', 'venv', folder]);
    await promisify(execFile)(join(programs, 'pip'), ['install', '--quiet', '--requirement', requirements]);
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    const reason = stderr?.trim().split('\n').at(-1);
    throw new PeerUnavailable(`${title} cannot be installed: ${reason ?? message}`);
  }
  await writeFile(complete, '');
  return programs;
}
