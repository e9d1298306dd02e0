import { Failure } from '../failure.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kindLoad } from '../tools/kind.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { checkContext, inCluster, type Cluster } from './cluster.ts';
import { forwardedUrl } from './forward.ts';

/** Any cluster that kubectl has a context for. */
export function contextTarget(context: ExecContext, name: string): Cluster {
  return {
    ...inCluster(context, name),
    name: `context=${name}`,
    context: name,
    checks: [kubectlVersion()],
    ensure: () => checkContext(context, name),

    async load(image) {
      // kind calls the context of its cluster NAME so.
      const cluster = /^kind-(.+)$/.exec(name)?.[1];
      if (cluster === undefined) {
        throw new Failure(`There is no way to bring ${image} to the nodes of ${name} from here.`, {
          hint: 'Push it to a registry that the cluster can reach, then: rhizome up --on context=NAME --image REGISTRY/NAME:TAG',
        });
      }
      await exec(context, kindLoad(cluster, image), { stream: true });
    },

    url: () => forwardedUrl(context.root, name),
  };
}
