/** A pod that calls the replicas over gRPC, because the cluster's DNS and Services can be tested only from inside. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { image as contract } from '../../service/contract/index.ts';
import { cleanUpAtEnd } from '../cleanup.ts';
import type { GrpcLoadReport } from './fixtures/grpc-load.ts';
import { listReplicas } from './replicas.ts';
import { context, kubectl, name } from './testbed.ts';

/** Its own namespace, because the tests count every pod in the service's namespace as a replica. */
const namespace = `${name}-caller`;
const cluster = ['--context', context, '--namespace', namespace] as const;
const securityContext = {
  runAsNonRoot: true,
  runAsUser: contract.user,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Starts the pod. It runs the service's image, because that contains a gRPC client too. */
export async function startCaller(image: string): Promise<void> {
  cleanUpAtEnd('kubectl', '--context', context, 'delete', 'namespace', namespace, '--ignore-not-found');
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'caller', namespace },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'caller',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '--eval', 'setInterval(() => 0, 1e6)'],
          securityContext,
        },
      ],
    },
  };
  const objects = {
    apiVersion: 'v1',
    kind: 'List',
    items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, pod],
  };
  await execa('kubectl', ['--context', context, 'apply', '--server-side', '--filename', '-'], {
    input: JSON.stringify(objects),
    timeout: 60_000,
  });
  await execa('kubectl', [...cluster, 'wait', 'pod/caller', '--for=condition=Ready', '--timeout=60s'], {
    timeout: 90_000,
  });
  await execa(
    'kubectl',
    [...cluster, 'exec', 'caller', '--', 'node', '--input-type=module', '--eval', waitForDns, ...serviceNames],
    { timeout: 90_000 },
  );
}

/** The Services' names in the cluster's DNS. */
const serviceNames = [`${name}.${name}`, `${name}-headless.${name}`];
/** A program that waits until DNS knows names. In a new cluster, DNS may start after the pods. */
const waitForDns = `
import { lookup } from 'node:dns/promises';
import { setTimeout } from 'node:timers/promises';
for (const host of process.argv.slice(1)) {
  const deadline = Date.now() + 60_000;
  const isKnown = () => lookup(host).then(() => true, (error) => { if (Date.now() > deadline) throw error; });
  while (!await isKnown()) await setTimeout(500);
}`;

/** Deletes the pod and its namespace. */
export const removeCaller = async (): Promise<void> => {
  await execa('kubectl', ['--context', context, 'delete', 'namespace', namespace, '--ignore-not-found'], {
    timeout: 120_000,
  });
};

export interface GrpcLoadOptions {
  readonly address: string;
  /** The client's load-balancing policy. */
  readonly policy: 'pick_first' | 'round_robin';
  /** Calls per second. */
  readonly rate: number;
}

/** Makes calls from the pod until `work` is done. `work` starts when the first response has arrived. */
export async function grpcLoad(
  { address, policy, rate }: GrpcLoadOptions,
  work: () => Promise<unknown>,
): Promise<GrpcLoadReport> {
  const source = await readFile(join(import.meta.dirname, 'fixtures/grpc-load.ts'), 'utf8');
  const node = [
    'node',
    '--no-warnings',
    '--input-type=module-typescript',
    '--eval',
    source,
    address,
    policy,
    String(rate),
  ];
  const calling = execa('kubectl', [...cluster, 'exec', '--stdin', 'caller', '--', ...node], {
    stdin: 'pipe',
    timeout: 300_000,
  });
  try {
    await Promise.race([once(calling.stdout, 'data'), calling]);
    await work();
  } finally {
    calling.stdin.end();
  }
  return JSON.parse((await calling).stdout.split('\n').at(-1) ?? '') as GrpcLoadReport;
}

/** Returns how many ModelInfer calls each replica that is not terminating has handled successfully, by its pod. */
export async function successfulCallsByPod(): Promise<ReadonlyMap<string, number>> {
  const counts = (await listReplicas()).map(async ({ pod }) => {
    const text = await kubectl('get', '--raw', `/api/v1/namespaces/${name}/pods/${pod}:8000/proxy/metrics`);
    const lines = text
      .split('\n')
      .filter(
        (line) =>
          line.startsWith('rhizome_requests_total{') && line.includes('/ModelInfer"') && line.includes('code="OK"'),
      );
    return [pod, lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)] as const;
  });
  return new Map(await Promise.all(counts));
}
