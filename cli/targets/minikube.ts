import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { minikubeImages, minikubeLoad, minikubeStatus } from '../tools/minikube.ts';
import { fullName, withArchive } from '../images/archive.ts';
import { inCluster, type Cluster } from './cluster.ts';
import { forwardedUrl } from '../cluster/port-forward.ts';

/** The default name of minikube's cluster, and so of its kubectl context; MINIKUBE_PROFILE is minikube's own variable. */
const defaultProfile = 'minikube';

/** A minikube that runs. It is the user's: `up` does not start it, and `down` does not stop it. */
export function minikubeTarget(context: ExecContext, engine: ContainerEngine = chooseContainerEngine()): Cluster {
  const profile = process.env.MINIKUBE_PROFILE ?? defaultProfile;
  const shared = inCluster(context, profile, 'minikube');
  const runs = async (): Promise<boolean> => {
    try {
      await exec(context, minikubeStatus(profile), { quiet: true });
      return true;
    } catch (error) {
      if (error instanceof CommandFailed) return false;
      throw error;
    }
  };

  return {
    name: 'minikube',
    context: profile,
    checks: [kubectlVersion()],
    loads: true,

    async ensure() {
      await exec(context, minikubeStatus(profile), { hint: `Start it: minikube start --profile ${profile}` });
      return 'minikube runs';
    },

    async load(image) {
      const held = (await exec(context, minikubeImages(profile), { quiet: true })).split('\n');
      if (held.includes(image) || held.includes(fullName(image))) return 'minikube has it';
      await withArchive(context, engine, image, (file) => exec(context, minikubeLoad(profile, file), { stream: true }));
      return undefined;
    },

    isUp: async () => (await runs()) && (await shared.isUp()),
    status: async (options) => ((await runs()) ? shared.status(options) : undefined),
    url: () => forwardedUrl(context.root, profile),
    logs: (options) => shared.logs(options),
    down: async () => ((await runs()) ? shared.down() : []),
  };
}
