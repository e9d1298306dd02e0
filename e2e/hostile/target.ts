/** The image in a container with the limits of the production manifests, as hostile clients meet it. */
import { readFileSync } from 'node:fs';
import { chmod, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ports } from '../../service/contract/index.ts';
import {
  docker,
  inspect,
  restricted,
  root,
  start,
  temporaryFolder,
  testWithDocker,
  type Container,
} from '../container/docker.ts';
import { GoodClient } from './good-client.ts';

/** Requests that take longer than this are given up by the service, so that the tests need not wait long. */
const REQUEST_TIMEOUT_SECONDS = 5;

export interface Target extends Container {
  /** The container's own address: the port that Docker publishes goes through a proxy, which would be hit first. */
  readonly host: string;
}

/** What Docker says about a container. */
export interface State {
  readonly Running: boolean;
  readonly OOMKilled: boolean;
  readonly StartedAt: string;
}

/**
 * Defines the tests of a file, which share one container: what one attack leaves behind, the next one meets.
 *
 * @param prepare puts models into a folder, in addition to iris
 */
export function attacks(prepare: (models: string) => Promise<void> = () => Promise.resolve()): {
  /**
   * Defines a test of an attack. Next to it a good client sends requests, and each must get its right response, from
   * the same process.
   */
  attackTest: (title: string, attack: (target: Target, good: GoodClient) => Promise<void>) => void;
} {
  const folder = temporaryFolder();
  let prepared: Promise<void> | undefined;
  let started: Promise<Target> | undefined;
  afterAll(async () => {
    await (await started?.catch(() => undefined))?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });
  const target = (): Promise<Target> =>
    (started ??= (prepared ??= addModels(folder.path, prepare)).then(() => startTarget(folder.path)));
  return {
    attackTest: (title, attack) => {
      testWithDocker(title, async () => {
        const attacked = await target();
        const before = await inspect<State>(attacked.id, '.State');
        expect(before).toMatchObject({ Running: true, OOMKilled: false });
        const good = await GoodClient.start(attacked.host);
        try {
          await attack(attacked, good);
          await good.answeredAgain();
        } finally {
          await good.stop();
          // If this attack ended the process, the next one gets another.
          if (!(await inspect<State>(attacked.id, '.State')).Running) started = undefined;
        }
        expect(good.failures).toEqual([]);
        expect(await inspect<State>(attacked.id, '.State')).toEqual(before);
      });
    },
  };
}

/** Puts iris, and what `prepare` adds, into a folder for a container. */
export async function addModels(models: string, prepare: (models: string) => Promise<void>): Promise<void> {
  // The container runs as another user.
  await chmod(models, 0o755);
  await cp(join(root, 'models/iris'), join(models, 'iris'), { recursive: true });
  await prepare(models);
}

/** Starts the container with the models of a folder. Resolves when it predicts. */
export async function startTarget(models: string): Promise<Target> {
  const { memory, nodeOptions } = productionLimits();
  const container = await start([
    ...restricted,
    ...['--memory', memory, '--memory-swap', memory, '--cpus', '1', '--tmpfs', '/tmp:size=64m'],
    ...['--env', `NODE_OPTIONS=${nodeOptions}`, '--env', `GRPC_PORT=${ports.grpc.number}`],
    ...['--env', `MANAGEMENT_PORT=${ports.management.number}`],
    ...['--env', `REQUEST_TIMEOUT_SECONDS=${REQUEST_TIMEOUT_SECONDS}`, '--env', 'DRAIN_DELAY_SECONDS=0'],
    ...['--env', 'DEFAULT_MODEL=iris'],
    ...['--volume', `${models}:/app/models:ro`],
  ]);
  const networks = await inspect<Record<string, { readonly IPAddress: string }>>(
    container.id,
    '.NetworkSettings.Networks',
  );
  const host = Object.values(networks)[0]?.IPAddress ?? '';
  await GoodClient.untilServed(host, () => container.logs());
  return { ...container, host };
}

/** Returns what limits the container in the production manifests. */
function productionLimits(): { readonly memory: string; readonly nodeOptions: string } {
  const documents = parseAllDocuments(readFileSync(join(root, 'charts-out/production.k8s.yaml'), 'utf8')).map(
    (document) => JSON.stringify(document.toJS()),
  );
  const text = documents.join('\n');
  const memory = /"limits":\{[^}]*"memory":"(\d+)Mi"/.exec(text)?.[1];
  const nodeOptions = /"NODE_OPTIONS":"([^"]+)"/.exec(text)?.[1];
  if (memory === undefined || nodeOptions === undefined) throw new Error('the manifests have no limits');
  return { memory: `${memory}m`, nodeOptions };
}

/** Returns the largest amount of memory that the container has used, in MiB, by its cgroup. */
export async function peakMebibytes({ id }: Target): Promise<number> {
  const files = '/sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes';
  return Math.round(Number(await docker(['exec', id, 'sh', '-c', `cat ${files} 2>/dev/null | head -1`])) / 2 ** 20);
}
