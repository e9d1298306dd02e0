import { execa } from 'execa';
import { once } from 'node:events';
import { cp, chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '..');

/** A small project in a folder of its own, and tools that record how they are called instead of doing anything. */
export interface Project {
  readonly folder: string;
  /** Runs `rhizome` with nothing but the stand-ins on the PATH. */
  start(args: readonly string[], options?: { input?: string; env?: Record<string, string> }): ReturnType<typeof rhizome>;
  /** What the stand-ins were called with, in order. */
  calls(): Promise<readonly string[]>;
  /** Takes a stand-in away. */
  uninstall(tool: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Answers of the stand-ins: shell lines by the beginning of a call, as `kind get clusters`. `*` stands for anything.
 * A call without an answer succeeds and prints nothing, or an empty list where kubectl is asked for JSON.
 */
export type Answers = Readonly<Record<string, string>>;

export async function createProject(answers: Answers, hostPort = 8080): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-cli-'));
  const bin = join(folder, 'bin');
  const record = join(folder, 'calls');
  await mkdir(bin);
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true });
  for (const file of ['model.json', 'model.onnx']) await cp(join(repository, 'models/iris', file), join(folder, 'models/iris', file));
  await cp(join(repository, 'charts-out/local.k8s.yaml'), join(folder, 'infra.yaml'));
  await cp(join(folder, 'infra.yaml'), join(folder, 'charts-out/local.k8s.yaml'));
  await writeFile(join(folder, 'cdk8s.yaml'), 'app: sed "s|iris-server:v0.1.0|$RHIZOME_IMAGE|" infra.yaml > "$CDK8S_OUTDIR/local.k8s.yaml"\noutput: charts-out\n');
  await writeFile(join(folder, 'kind.yaml'), `name: rhizome\nnodes: [{role: control-plane, extraPortMappings: [{containerPort: 30080, hostPort: ${hostPort}}]}]\n`);

  const cases = Object.entries(answers).map(([call, answer]) => `  ${call.replaceAll(' ', String.raw`\ `)}*) ${answer};;`);
  const script = ['#!/bin/sh', 'call="${0##*/} $*"', `echo "$call" >> '${record}'`, 'case "$call" in', ...cases, `  kubectl*'--output json'*) echo '{"items":[]}';;`, 'esac', ''].join('\n');
  // podman only where a test is about it: it would stand in for a Docker that is missing.
  const podman = Object.keys(answers).some((call) => call.startsWith('podman')) ? ['podman'] : [];
  for (const tool of ['docker', 'kind', 'minikube', 'kubectl', 'npm', ...podman]) {
    await writeFile(join(bin, tool), script);
    await chmod(join(bin, tool), 0o755);
  }
  for (const tool of ['sh', 'sed', 'cat', 'sleep']) {
    const { stdout } = await execa('sh', ['-c', `command -v ${tool}`]);
    await symlink(stdout, join(bin, tool));
  }
  await writeFile(record, '');
  return {
    folder,
    start: (args, { input = '', env = {} } = {}) => rhizome(folder, args, input, { PATH: bin, HOME: folder, ...env }),
    calls: async () => (await readFile(record, 'utf8')).split('\n').filter((line) => line !== ''),
    uninstall: (tool) => rm(join(bin, tool)),
    remove: () => rm(folder, { recursive: true }),
  };
}

function rhizome(cwd: string, args: readonly string[], input: string, env: Record<string, string>) {
  return execa(process.execPath, [join(repository, 'cli/main.ts'), ...args], { cwd, env, extendEnv: false, input, reject: false, timeout: 30_000 });
}

/** A server of this machine that gives one answer to everything, in place of the model's. */
export interface Answering {
  readonly port: number;
  readonly url: string;
  /** Bodies and authorization headers that came. */
  readonly received: { readonly body: string; readonly authorization: string | undefined }[];
  close(): Promise<void>;
}

export async function answerWith(status: number, answer: unknown): Promise<Answering> {
  const received: Answering['received'] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    request.on('end', () => {
      received.push({ body, authorization: request.headers.authorization });
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    received,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** What `kubectl get deployments,replicasets,pods` prints after a rollout that went well. */
export const rolledOut = JSON.stringify({
  items: [
    {
      kind: 'Deployment',
      metadata: { name: 'iris-server', uid: 'd', generation: 1, annotations: { 'deployment.kubernetes.io/revision': '1' } },
      spec: { replicas: 1 },
      status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    },
    { kind: 'ReplicaSet', metadata: { name: 'iris-server-1', uid: 'r', annotations: { 'deployment.kubernetes.io/revision': '1' }, ownerReferences: [{ uid: 'd' }] } },
    {
      kind: 'Pod',
      metadata: { name: 'iris-server-1-a', uid: 'p', ownerReferences: [{ uid: 'r' }] },
      spec: { containers: [{ image: 'iris-server:v0.1.0-x' }] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ ready: true, started: true, restartCount: 0, state: { running: {} } }] },
    },
  ],
});
