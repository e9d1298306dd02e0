import { exec, type ExecContext } from '../tools/exec.ts';
import { describeSize } from '../tools/measure-files.ts';
import { minikubeLoad } from '../tools/minikube.ts';

/** Loads the image in an archive into the nodes of a minikube cluster. minikube does not say how much it has loaded. */
export async function loadIntoMinikube(context: ExecContext, profile: string, archive: string): Promise<void> {
  await exec(context, minikubeLoad(profile, archive), { stream: true, measure: () => describeSize(archive) });
}
