import { Failure } from '../failure.ts';
import { currentManifests } from '../project/manifests.ts';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kindClusters, kindCreate, kindDelete, kindEnvironment, kindVersion } from '../tools/kind.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { inCluster, type Cluster } from './cluster.ts';
import { readKindConfig } from './kind-config.ts';
import { loadIntoKind } from '../images/kind-nodes.ts';
import { checkPortFree } from '../tools/port.ts';

export interface KindOptions {
  /** @default kind's own */
  readonly nodeImage?: string;
  /** Runs the nodes. */
  readonly engine?: ContainerEngine;
}

/** kind's cluster of the project, made from kind.yaml and named there. */
export function kindTarget(
  context: ExecContext,
  { nodeImage, engine = chooseContainerEngine() }: KindOptions = {},
): Cluster {
  const config = readKindConfig(context.root);
  const cluster = config?.name ?? '';
  const kubeContext = `kind-${cluster}`;
  const kind = kindEnvironment(engine);
  const shared = inCluster(context, kubeContext, 'kind');
  const exists = async (): Promise<boolean> =>
    config !== undefined &&
    (await exec(context, kindClusters(), { ...kind, quiet: true })).split('\n').includes(cluster);

  return {
    name: 'kind',
    context: kubeContext,
    checks: [kindVersion(), kubectlVersion()],
    loads: true,

    async ensure() {
      if (config === undefined)
        throw new Failure('There is no kind.yaml, which says what the cluster is made of.', {
          hint: 'Write one with a `name`: https://kind.sigs.k8s.io/docs/user/configuration/',
        });
      if (await exists()) return `the cluster ${cluster} is there`;
      for (const { hostPort } of config.portMappings) {
        await checkPortFree(hostPort, 'Stop it, or change `hostPort` in kind.yaml.');
      }
      try {
        await exec(context, kindCreate(cluster, 'kind.yaml', nodeImage), {
          ...kind,
          stream: true,
          hint: 'Where no registry is reachable, name a node image that this machine has: `--node-image` (or KIND_NODE_IMAGE).',
        });
      } catch (error) {
        // kind cleans up after its own failures, but not after Ctrl-C; half a cluster would pass for one at the next `up`.
        await exec({ ...context, signal: new AbortController().signal }, kindDelete(cluster), { ...kind, quiet: true });
        throw error;
      }
      return undefined;
    },

    load: (image) => loadIntoKind(context, engine, cluster, image),

    isUp: exists,

    async status(options) {
      if (!(await exists())) return undefined;
      return (await shared.status(options)) ?? { wanted: 0, ready: 0, replicas: [] };
    },

    async url() {
      if (!(await exists())) return undefined;
      const { service } = currentManifests(context.root);
      const mapping = config?.portMappings.find(({ containerPort }) => containerPort === service.nodePort);
      return mapping && `http://localhost:${String(mapping.hostPort)}`;
    },

    logs: (options) => shared.logs(options),

    async down() {
      if (!(await exists())) return [];
      await exec(context, kindDelete(cluster), { ...kind, stream: true });
      return [`kind cluster ${cluster}`];
    },
  };
}
