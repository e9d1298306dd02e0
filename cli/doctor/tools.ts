import { Failure } from '../failure.ts';
import { buildxVersion, engineMemory, engineVersion, type Engine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kindVersion } from '../tools/kind.ts';
import { kubectlVersion } from '../tools/kubectl.ts';
import { minikubeVersion } from '../tools/minikube.ts';
import { MissingTool } from '../tools/tool.ts';
import { ok, type Finding } from './finding.ts';

/** Of a program, what its answer tells, or why there is none. `needed`: without it what was asked for cannot work. */
export async function ask(
  context: ExecContext,
  what: string,
  argv: readonly string[],
  needed: boolean,
  tell: (answer: string) => Finding = (answer) => ok(what, firstVersion(answer)),
): Promise<Finding> {
  try {
    return tell(await exec(context, argv, { quiet: true, timeout: 15_000 }));
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    return {
      what,
      state: needed ? 'missing' : 'warning',
      detail: error instanceof MissingTool ? 'not installed' : (error.details.at(-1) ?? error.message),
      ...(error.hint !== undefined && { fix: error.hint }),
    };
  }
}

/** `v0.31.0` of `kind v0.31.0 go1.25.5 linux/amd64`. */
const firstVersion = (answer: string): string => /v?\d+\.\d+[\w.+-]*/.exec(answer)?.[0] ?? answer.split('\n')[0] ?? '';

export function ownNode(): Finding {
  return ok('Node', `${process.version}, ${process.platform} ${process.arch}`);
}

/** For `npm ci` and `npx`; what runs already is past the need. */
export const npmFinding = (context: ExecContext): Promise<Finding> => ask(context, 'npm', ['npm', '--version'], false);

/** What a kind node or the replicas on it take, in bytes, measured idle with two replicas. */
const bytesPerNode = 1024 ** 3;

/** The container engine: that it answers, builds, and has the memory for so many nodes of kind. */
export async function engineFindings(
  context: ExecContext,
  engine: Engine,
  needed: boolean,
  nodes: number,
): Promise<readonly Finding[]> {
  const running = await ask(context, engine, engineVersion(engine), needed);
  if (running.state !== 'ok') {
    return [
      {
        ...running,
        fix: running.detail === 'not installed' ? (running.fix ?? '') : 'Start it, and check with `docker info`.',
      },
    ];
  }
  const more = await Promise.all([
    ...(engine === 'docker' ? [ask(context, 'docker buildx', buildxVersion(), false)] : []),
    ask(context, `memory of ${engine}`, engineMemory(engine), false, (answer) => {
      const bytes = Number(answer);
      const [has, wants] = [bytes, nodes * bytesPerNode].map((value) => `${(value / 1024 ** 3).toFixed(1)} GiB`);
      const detail = `${has ?? ''}; a kind cluster of ${String(nodes)} nodes takes about ${wants ?? ''}`;
      if (bytes >= nodes * bytesPerNode) return ok(`memory of ${engine}`, detail);
      return {
        what: `memory of ${engine}`,
        state: 'warning',
        detail,
        fix: 'Give the engine more (Docker Desktop: Settings, Resources), or take nodes out of kind.yaml.',
      };
    }),
  ]);
  return [running, ...more];
}

/** The other programs. */
export async function toolFindings(
  context: ExecContext,
  needed: { readonly kind: boolean; readonly kubectl: boolean; readonly minikube: boolean },
): Promise<readonly Finding[]> {
  return Promise.all([
    ask(context, 'kind', kindVersion(), needed.kind),
    ask(context, 'kubectl', kubectlVersion(), needed.kubectl),
    ...(needed.minikube ? [ask(context, 'minikube', minikubeVersion(), true)] : []),
  ]);
}
