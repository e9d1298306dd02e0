import { exec, CommandFailed, type ExecContext } from '../tools/exec.ts';
import { kubectlRaw, type Scope } from '../tools/kubectl.ts';

/**
 * Returns a pod's response for a path, through the API server's proxy; undefined if that is forbidden or it refuses.
 * @param timeout in milliseconds
 */
export async function queryPod(
  context: ExecContext,
  scope: Scope,
  {
    name,
    port,
    path,
    timeout,
  }: { readonly name: string; readonly port: number; readonly path: string; readonly timeout: number },
): Promise<string | undefined> {
  const pod = `/api/v1/namespaces/${scope.namespace}/pods/${name}:${String(port)}`;
  try {
    return await exec(context, kubectlRaw(scope.context, `${pod}/proxy${path}`), { quiet: true, timeout });
  } catch (error) {
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}
