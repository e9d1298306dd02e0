import { nearestRank } from '../../../cli/load/report.ts';
import { metric } from '../../../service/fixtures/metric.ts';
import { ports } from '../../../service/contract/index.ts';
import { docker } from '../../container/docker.ts';
import type { Target } from '../target.ts';

/** What a container uses at one time, in MiB. */
export interface MemorySample {
  /** Since the start of the soak. */
  readonly seconds: number;
  /** The resident memory of the service's own process. */
  readonly rss: number;
  /** The working set of the container, inference processes included: what Kubernetes compares with the limit. */
  readonly workingSet: number;
}

const MEBIBYTE = 2 ** 20;

export async function sampleMemory(target: Target, seconds: number): Promise<MemorySample> {
  const management = { url: `http://${target.host}:${ports.management.number}` };
  const [rss, workingSet] = await Promise.all([
    metric(management, 'process_resident_memory_bytes'),
    usedByGroup(target),
  ]);
  return { seconds, rss: rss / MEBIBYTE, workingSet: workingSet / MEBIBYTE };
}

/** Returns what the container's cgroup uses, of version 2 or 1, without files that the kernel can drop. */
async function usedByGroup({ id }: Target): Promise<number> {
  const files = 'memory.current memory.stat memory/memory.usage_in_bytes memory/memory.stat';
  const text = await docker(['exec', id, 'sh', '-c', `cd /sys/fs/cgroup; cat ${files} 2>/dev/null || true`]);
  const [, used = '0'] = /^(\d+)$/m.exec(text) ?? [];
  const [, droppable = '0'] = /^(?:total_)?inactive_file (\d+)$/m.exec(text) ?? [];
  return Number(used) - Number(droppable);
}

/** Returns the smallest value that at least a part of the numbers do not exceed. */
export function quantile(numbers: readonly number[], part: number): number {
  return nearestRank(
    numbers.toSorted((a, b) => a - b),
    part,
  );
}
