import { defaultEnvironment } from '../project/environment.ts';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import type { ExecContext } from '../tools/exec.ts';
import { kindClusterOf } from '../tools/kind.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { checkContext, inCluster, type Cluster } from './cluster.ts';
import { forwardedUrl } from '../cluster/port-forward.ts';
import { loadIntoKind } from '../images/kind-nodes.ts';

/** Any cluster that the kubeconfig has a context for. */
export function contextTarget(
  context: ExecContext,
  name: string,
  engine: ContainerEngine = chooseContainerEngine(),
  environment = defaultEnvironment,
): Cluster {
  const kindCluster = kindClusterOf(name);
  return {
    ...inCluster(context, name, `context=${name}`, environment),
    name: `context=${name}`,
    context: name,
    environment,
    ...(kindCluster !== undefined && { kindCluster }),
    isOwn: false,
    mapsPort: false,
    checks: [kubectlVersion()],
    loads: kindCluster !== undefined,

    async ensure() {
      await checkContext(context, name);
      return 'the context exists';
    },

    load: async (image) => (kindCluster === undefined ? undefined : loadIntoKind(context, engine, kindCluster, image)),

    url: () => forwardedUrl(context.root, name),
  };
}
