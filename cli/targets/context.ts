import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import type { ExecContext } from '../tools/exec.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { checkContext, inCluster, type Cluster } from './cluster.ts';
import { forwardedUrl } from '../cluster/port-forward.ts';
import { loadIntoKind } from '../images/kind-nodes.ts';

/** Any cluster that kubectl has a context for. */
export function contextTarget(
  context: ExecContext,
  name: string,
  engine: ContainerEngine = chooseContainerEngine(),
): Cluster {
  // kind calls the context of its cluster NAME so.
  const cluster = /^kind-(.+)$/.exec(name)?.[1];
  return {
    ...inCluster(context, name, `context=${name}`),
    name: `context=${name}`,
    context: name,
    checks: [kubectlVersion()],
    loads: cluster !== undefined,

    async ensure() {
      await checkContext(context, name);
      return 'kubectl knows the context';
    },

    load: async (image) => (cluster === undefined ? undefined : loadIntoKind(context, engine, cluster, image)),

    url: () => forwardedUrl(context.root, name),
  };
}
