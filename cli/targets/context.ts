import { exec, type ExecContext } from '../tools/exec.ts';
import { kindLoad } from '../tools/kind.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { checkContext, inCluster, type Cluster } from './cluster.ts';
import { forwardedUrl } from './forward.ts';

/** Any cluster that kubectl has a context for. */
export function contextTarget(context: ExecContext, name: string): Cluster {
  // kind calls the context of its cluster NAME so.
  const cluster = /^kind-(.+)$/.exec(name)?.[1];
  return {
    ...inCluster(context, name),
    name: `context=${name}`,
    context: name,
    checks: [kubectlVersion()],
    loads: cluster !== undefined,
    ensure: () => checkContext(context, name),

    async load(image) {
      if (cluster !== undefined) await exec(context, kindLoad(cluster, image), { stream: true });
    },

    url: () => forwardedUrl(context.root, name),
  };
}
