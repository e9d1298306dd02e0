import { paths, type ModelList } from '../../service/contract/index.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlRaw, type Scope } from '../tools/kubectl.ts';
import type { Pod } from '../kubernetes.ts';
import { isReady } from './snapshot.ts';

/** Asks each replica once what it serves: models are loaded when its container starts, and stay. */
export type ModelReader = (scope: Scope, pods: readonly Pod[]) => Promise<ReadonlyMap<string, string>>;

/** Through the API server, which leads to one pod; where that is forbidden, or a key is needed, models are not shown. */
export function modelReader(context: ExecContext): ModelReader {
  const known = new Map<string, string>();
  const ask = async (scope: Scope, { metadata, spec }: Pod): Promise<string | undefined> => {
    const port = spec.containers[0]?.ports?.[0]?.containerPort;
    if (port === undefined) return undefined;
    const path = `/api/v1/namespaces/${scope.namespace}/pods/${metadata.name}:${String(port)}/proxy${paths.models}`;
    try {
      return describeModels(
        JSON.parse(await exec(context, kubectlRaw(scope.context, path), { quiet: true, timeout: 5000 })),
      );
    } catch (error) {
      if (error instanceof CommandFailed || error instanceof SyntaxError) return undefined;
      throw error;
    }
  };
  return async (scope, pods) => {
    const found = await Promise.all(
      pods.map(async (pod) => {
        const status = pod.status.containerStatuses?.[0];
        if (status === undefined || !isReady(pod)) return [];
        const container = `${pod.metadata.uid} ${String(status.restartCount)}`;
        const models = known.get(container) ?? (await ask(scope, pod));
        if (models === undefined) return [];
        known.set(container, models);
        return [[pod.metadata.name, models] as const];
      }),
    );
    return new Map(found.flat());
  };
}

/** `iris 1`, and so on, of what GET /models answers. */
export function describeModels(answer: unknown): string {
  return ((answer as Partial<ModelList>).models ?? [])
    .map((model) => `${model.name} ${model.state === 'loaded' ? model.version : model.state}`)
    .join(', ');
}
