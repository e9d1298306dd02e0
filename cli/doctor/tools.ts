import { Failure } from '../failure.ts';
import {
  buildxVersion,
  containerEngineMemory,
  containerEngineVersion,
  type ContainerEngine,
} from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kindVersion } from '../tools/kind.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { minikubeVersion } from '../tools/minikube.ts';
import { MissingTool } from '../tools/tool.ts';
import { ok, type Finding } from './finding.ts';

/** How long a program may take to print its version. */
export const timeoutMilliseconds = 15_000;

/**
 * Runs a program and reports what its output says, or why there is none.
 * @param needed whether the target cannot work without the program
 * @param tell turns the output into a finding. @default reports the version in it
 * @param failureFix what to do if the program is installed but fails. @default the hint of the failure
 */
export async function checkProgram(
  context: ExecContext,
  what: string,
  argv: readonly string[],
  needed: boolean,
  tell: (output: string) => Finding = (output) => ok(what, firstVersion(output)),
  failureFix?: string,
): Promise<Finding> {
  try {
    return tell(await exec(context, argv, { quiet: true, timeout: timeoutMilliseconds }));
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    const absent = error instanceof MissingTool;
    const fix = absent ? error.hint : (failureFix ?? error.hint);
    return {
      what,
      state: needed ? 'missing' : 'warning',
      detail: absent ? 'not installed' : (error.details.at(-1) ?? error.message),
      ...(fix !== undefined && { fix }),
    };
  }
}

/** Returns the first version in an output: `v0.31.0` for `kind v0.31.0 go1.25.5 linux/amd64`. */
const firstVersion = (output: string): string => /v?\d+\.\d+[\w.+-]*/.exec(output)?.[0] ?? output.split('\n')[0] ?? '';

/** Reports the Node that runs this program. */
export function ownNode(): Finding {
  return ok('Node', `${process.version}, ${process.platform} ${process.arch}`);
}

/**
 * Checks npm. Only a warning, because the command line that is running was installed without it or no longer needs it.
 */
export const npmFinding = (context: ExecContext): Promise<Finding> =>
  checkProgram(context, 'npm', ['npm', '--version'], false);

/** Memory that one kind node with its replicas needs, in bytes. Measured on an idle cluster with two replicas. */
const bytesPerNode = 1024 ** 3;

/** Checks that the container engine responds, can build, and has the memory for a number of kind nodes. */
export async function containerEngineFindings(
  context: ExecContext,
  engine: ContainerEngine,
  needed: boolean,
  nodes: number,
): Promise<readonly Finding[]> {
  const fix = `Start it, then check with \`${engine} info\`.`;
  const running = await checkProgram(context, engine, containerEngineVersion(engine), needed, undefined, fix);
  if (running.state !== 'ok') return [running];
  const more = await Promise.all([
    ...(engine === 'docker' ? [checkProgram(context, 'docker buildx', buildxVersion(), false)] : []),
    checkProgram(context, `memory of ${engine}`, containerEngineMemory(engine), false, (output) => {
      const bytes = Number(output);
      const [has, wants] = [bytes, nodes * bytesPerNode].map((value) => `${(value / 1024 ** 3).toFixed(1)} GiB`);
      const count = `${String(nodes)} ${nodes === 1 ? 'node' : 'nodes'}`;
      const detail = `${has ?? ''}; a kind cluster with ${count} needs about ${wants ?? ''}`;
      if (bytes >= nodes * bytesPerNode) return ok(`memory of ${engine}`, detail);
      return {
        what: `memory of ${engine}`,
        state: 'warning',
        detail,
        fix: `Give ${engine} more memory (Docker Desktop: Settings, Resources), or remove nodes from kind.yaml.`,
      };
    }),
  ]);
  return [running, ...more];
}

/** Checks kind, kubectl and minikube. */
export async function toolFindings(
  context: ExecContext,
  needed: { readonly kind: boolean; readonly kubectl: boolean; readonly minikube: boolean },
): Promise<readonly Finding[]> {
  return Promise.all([
    checkProgram(context, 'kind', kindVersion(), needed.kind),
    checkProgram(context, 'kubectl', kubectlVersion(), needed.kubectl),
    ...(needed.minikube ? [checkProgram(context, 'minikube', minikubeVersion(), true)] : []),
  ]);
}
