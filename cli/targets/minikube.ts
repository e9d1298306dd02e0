import { defaultEnvironment } from '../project/environment.ts';
import { Failure } from '../failure.ts';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { minikubeImages, minikubeStatus } from '../tools/minikube.ts';
import { fullName, withArchive } from '../images/archive.ts';
import { loadIntoMinikube } from '../images/minikube-nodes.ts';
import { inCluster, type Cluster } from './cluster.ts';
import { forwardedUrl } from '../cluster/port-forward.ts';

/** minikube's default profile, which is also the name of its kubectl context. minikube reads MINIKUBE_PROFILE too. */
const defaultProfile = 'minikube';

/** The exit code of minikube if there is no such profile: `ExGuestNotFound` in its pkg/minikube/reason/exitcodes.go. */
const profileNotFound = 85;

/** A running minikube cluster. It belongs to the user: `up` doesn't start it, and `down` doesn't stop it. */
export function minikubeTarget(
  context: ExecContext,
  engine: ContainerEngine = chooseContainerEngine(),
  environment = defaultEnvironment,
): Cluster {
  const profile = process.env.MINIKUBE_PROFILE ?? defaultProfile;
  const shared = inCluster(context, profile, 'minikube', environment);
  const isRunning = async (): Promise<boolean> => {
    try {
      await exec(context, minikubeStatus(profile), { quiet: true });
      return true;
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (error.code === profileNotFound) return false;
      // What `up` created is still in a stopped cluster.
      throw new Failure(`minikube is not running (profile ${profile}).`, {
        details: error.details,
        hint: `Start it: minikube start --profile ${profile}`,
        cause: error,
      });
    }
  };

  return {
    ...shared,
    name: 'minikube',
    context: profile,
    environment,
    isOwn: false,
    mapsPort: false,
    checks: [kubectlVersion()],
    loads: true,

    async ensure() {
      await exec(context, minikubeStatus(profile), { hint: `Start minikube: minikube start --profile ${profile}` });
      return 'minikube is running';
    },

    async load(image) {
      const images = (await exec(context, minikubeImages(profile), { quiet: true })).split('\n');
      if (images.includes(image) || images.includes(fullName(image))) return 'minikube already has it';
      await withArchive(context, engine, image, (file) => loadIntoMinikube(context, profile, file));
      return undefined;
    },

    isUp: async () => (await isRunning()) && (await shared.isUp()),
    status: async (options) => ((await isRunning()) ? shared.status(options) : undefined),
    url: () => forwardedUrl(context.root, profile),
    down: async () => ((await isRunning()) ? shared.down() : []),
  };
}
