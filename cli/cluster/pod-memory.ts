import { paths, ports } from '../../service/contract/index.ts';
import type { Pod } from '../kubernetes.ts';
import type { ExecContext } from '../tools/exec.ts';
import type { Scope } from '../tools/kubectl.ts';
import { queryPod } from './pod-queries.ts';
import { isReady } from './snapshot.ts';

/** Milliseconds. A query is a process of kubectl for each pod: who asks more often gets the last values. */
const pause = 5000;

/**
 * Returns a function that returns what each ready replica has in memory, by pod, as its own metrics report it: many
 * clusters have no metrics-server. Leaves out replicas whose metrics cannot be reached.
 */
export function memoryReader(
  context: ExecContext,
): (scope: Scope, pods: readonly Pod[]) => Promise<ReadonlyMap<string, number>> {
  let known: ReadonlyMap<string, number> = new Map();
  let nextAt = 0;
  return async (scope, pods) => {
    if (performance.now() < nextAt) return known;
    const found = await Promise.all(
      pods.filter(isReady).map(async (pod) => {
        const text = await queryPod(context, scope, pod, paths.metrics, ports.management.name);
        const bytes = text === undefined ? undefined : parseMemory(text);
        return bytes === undefined ? [] : [[pod.metadata.name, bytes] as const];
      }),
    );
    known = new Map(found.flat());
    nextAt = performance.now() + pause;
    return known;
  };
}

/** Reads the process's memory in the Prometheus text format: `process_resident_memory_bytes 81920000`. */
export function parseMemory(metrics: string): number | undefined {
  const value = /^process_resident_memory_bytes(?:\{.*\})? (\S+)/m.exec(metrics)?.[1];
  return value === undefined ? undefined : Number(value);
}
