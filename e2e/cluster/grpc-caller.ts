/** A pod beside the replicas that calls them over gRPC: what a cluster's DNS and its Services do is seen from inside alone. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { image as contract } from '../../service/contract/index.ts';
import { cleanUpAtEnd } from '../cleanup.ts';
import type { GrpcLoadReport } from './fixtures/grpc-load.ts';
import { context, kubectl, name } from './testbed.ts';

/** Of its own: whoever counts the pods of the service's counts replicas. */
const namespace = `${name}-caller`;
const cluster = ['--context', context, '--namespace', namespace] as const;
const securityContext = {
  runAsNonRoot: true,
  runAsUser: contract.user,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Starts the pod. It runs the service's image, which has a gRPC client, too. */
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
    [...cluster, 'exec', 'caller', '--', 'node', '--input-type=module', '--eval', untilNamed, ...services],
    { timeout: 90_000 },
  );
}

/** Names of the Services, as the cluster's DNS has them. */
const services = [`${name}.${name}`, `${name}-headless.${name}`];
/** The DNS of a new cluster may start later than its pods, and says for a while that there is no such name. */
const untilNamed = `
import { lookup } from 'node:dns/promises';
import { setTimeout } from 'node:timers/promises';
for (const host of process.argv.slice(1)) {
  for (const deadline = Date.now() + 60_000; !await lookup(host).then(() => true, (error) => { if (Date.now() > deadline) throw error; });) await setTimeout(500);
}`;

export const removeCaller = async (): Promise<void> => {
  await execa('kubectl', ['--context', context, 'delete', 'namespace', namespace, '--ignore-not-found'], {
    timeout: 120_000,
  });
};

export interface GrpcLoadOptions {
  readonly address: string;
  /** How the client balances. */
  readonly policy: 'pick_first' | 'round_robin';
  /** Calls a second. */
  readonly rate: number;
}

/** Calls from the pod, from the first answer on for as long as `work` takes. */
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

/** ModelInfer calls that each replica has answered, by the pod's name. */
export async function answeredBy(): Promise<ReadonlyMap<string, number>> {
  const pods = (await kubectl('get', 'pods', '--field-selector=status.phase=Running', '--output', 'name'))
    .split('\n')
    .map((pod) => pod.replace('pod/', ''));
  const counts = pods.map(async (pod) => {
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
