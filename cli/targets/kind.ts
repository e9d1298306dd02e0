import { Failure } from '../failure.ts';
import { defaultEnvironment } from '../project/environment.ts';
import { currentManifests } from '../project/manifests.ts';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import { checkContainerEngine } from '../tools/engine-check.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import {
  kindClusters,
  kindContext,
  kindCreate,
  kindCreateProgress,
  kindDelete,
  kindEnvironment,
  kindVersion,
} from '../tools/kind.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { inCluster, type Cluster } from './cluster.ts';
import { readKindConfig } from './kind-config.ts';
import { loadIntoKind } from '../images/kind-nodes.ts';
import { checkPortFree } from '../tools/port.ts';

export interface KindOptions {
  /** @default kind's own */
  readonly nodeImage?: string;
  /** The container engine that runs the nodes. @default chooseContainerEngine() */
  readonly engine?: ContainerEngine;
  /** @default local */
  readonly environment?: string;
}

/** How long kind may take to list its clusters, and the container engine to respond. */
const timeoutMilliseconds = 15_000;

/** The project's own kind cluster, created from kind.yaml and named there. */
export function kindTarget(
  context: ExecContext,
  { nodeImage, engine = chooseContainerEngine(), environment = defaultEnvironment }: KindOptions = {},
): Cluster {
  const config = readKindConfig(context.root);
  const cluster = config?.name ?? '';
  const kubeContext = kindContext(cluster);
  const kind = kindEnvironment(engine);
  const shared = inCluster(context, kubeContext, 'kind', environment);
  const exists = async (): Promise<boolean> => {
    if (config === undefined) return false;
    const options = { quiet: true, timeout: timeoutMilliseconds };
    try {
      const found = (await exec(context, kindClusters(), { ...kind, ...options })).split('\n').includes(cluster);
      // If Docker has gone from the PATH, kind uses another engine that is there, and finds no clusters.
      if (!found && engine !== chooseContainerEngine()) await checkContainerEngine(context, engine, options);
      return found;
    } catch (error) {
      if (error instanceof CommandFailed) await checkContainerEngine(context, engine, options);
      throw error;
    }
  };

  return {
    ...shared,
    name: 'kind',
    context: kubeContext,
    environment,
    kindCluster: cluster,
    isOwn: true,
    mapsPort: true,
    checks: [kindVersion(), kubectlVersion()],
    loads: true,

    async ensure() {
      if (config === undefined)
        throw new Failure('There is no kind.yaml, which describes the cluster to create.', {
          hint: '`rhizome init` writes one; https://kind.sigs.k8s.io/docs/user/configuration/ describes it.',
        });
      if (await exists()) return `the cluster ${cluster} exists`;
      for (const { hostPort } of config.portMappings) {
        await checkPortFree(hostPort, 'Stop that program, or change `hostPort` in kind.yaml.');
      }
      try {
        await exec(context, kindCreate(cluster, 'kind.yaml', nodeImage), {
          ...kind,
          stream: true,
          share: kindCreateProgress(),
          hint: 'If no registry is reachable, use a node image of this machine: `--node-image` (or KIND_NODE_IMAGE).',
        });
      } catch (error) {
        // kind cleans up after its own failures, but not after Ctrl-C. The next `up` would take half a cluster for one.
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
      const { service } = currentManifests(context.root, environment);
      const mapping = config?.portMappings.find(({ containerPort }) => containerPort === service.nodePort);
      return mapping && `http://localhost:${String(mapping.hostPort)}`;
    },

    async down() {
      if (!(await exists())) return [];
      await exec(context, kindDelete(cluster), { ...kind, stream: true });
      return [`kind cluster ${cluster}`];
    },
  };
}
