import { paths, type ModelList } from '../../service/contract/index.ts';
import type { ExecContext } from '../tools/exec.ts';
import type { Scope } from '../tools/kubectl.ts';
import type { Pod } from '../kubernetes.ts';
import { queryPod } from './pod-queries.ts';
import { isReady } from './snapshot.ts';

/** Returns what each replica serves, by pod. Queries each container once, since it loads its models when it starts. */
export type ModelReader = (scope: Scope, pods: readonly Pod[]) => Promise<ReadonlyMap<string, string>>;

/**
 * Queries pods through the API server's proxy. Leaves pods out if that is forbidden or the service requires an API key.
 */
export function modelReader(context: ExecContext): ModelReader {
  const known = new Map<string, string>();
  const query = async (scope: Scope, pod: Pod): Promise<string | undefined> => {
    const port = pod.spec.containers[0]?.ports?.[0]?.containerPort;
    if (port === undefined) return undefined;
    const { name } = pod.metadata;
    const response = await queryPod(context, scope, { name, port, path: paths.models, timeout: 5000 });
    try {
      return response === undefined ? undefined : formatServedModels(JSON.parse(response));
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  };
  return async (scope, pods) => {
    const found = await Promise.all(
      pods.map(async (pod) => {
        const status = pod.status.containerStatuses?.[0];
        if (status === undefined || !isReady(pod)) return [];
        const container = `${pod.metadata.uid} ${String(status.restartCount)}`;
        const models = known.get(container) ?? (await query(scope, pod));
        if (models === undefined) return [];
        known.set(container, models);
        return [[pod.metadata.name, models] as const];
      }),
    );
    return new Map(found.flat());
  };
}

/** Formats a response to GET /models: `iris 1, wine 2`. */
export function formatServedModels(response: unknown): string {
  return ((response as Partial<ModelList>).models ?? [])
    .map((model) => `${model.name} ${model.state === 'loaded' ? model.version : model.state}`)
    .join(', ');
}
