import { exec, CommandFailed, type ExecContext } from '../tools/exec.ts';
import { kubectlRaw, type Scope } from '../tools/kubectl.ts';
import type { Pod } from '../kubernetes.ts';

/**
 * Returns a pod's response for a path, through the API server's proxy; undefined if that is forbidden or it refuses.
 * @param portName a port of its container; by default the first one
 */
export async function queryPod(
  context: ExecContext,
  scope: Scope,
  { metadata, spec }: Pod,
  path: string,
  portName?: string,
): Promise<string | undefined> {
  const ports = spec.containers[0]?.ports ?? [];
  const port = (portName === undefined ? ports[0] : ports.find(({ name }) => name === portName))?.containerPort;
  if (port === undefined) return undefined;
  const pod = `/api/v1/namespaces/${scope.namespace}/pods/${metadata.name}:${String(port)}`;
  try {
    return await exec(context, kubectlRaw(scope.context, `${pod}/proxy${path}`), { quiet: true, timeout: 5000 });
  } catch (error) {
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}
