import type { ModelStatistics } from '../../contract/index.ts';
import type { DurationSum } from '../../inference/queue/model-counts.ts';
import type { LoadedEntry } from '../../inference/repository/entry.ts';

type Duration = ModelStatistics['inference_stats']['success'];

/** There is no cache, and the time to write a response is only known as a part of the whole request. */
const NEVER: Duration = { count: 0, ns: 0 };

/** Returns what a version of a model has done since it was loaded, as Triton reports it. */
export function modelStatistics({ name, version, executor: { counts } }: LoadedEntry): ModelStatistics {
  return {
    name,
    version,
    last_inference: counts.lastRun ?? 0,
    inference_count: counts.rows,
    execution_count: counts.runs,
    inference_stats: {
      success: duration(counts.succeeded),
      fail: duration(counts.failed),
      queue: duration(counts.queue),
      compute_input: duration(counts.input),
      compute_infer: duration(counts.run),
      compute_output: NEVER,
      cache_hit: NEVER,
      cache_miss: NEVER,
    },
    batch_stats: [...counts.sizes]
      .toSorted(([a], [b]) => a - b)
      .map(([rows, { input, run }]) => ({
        batch_size: rows,
        compute_input: duration(input),
        compute_infer: duration(run),
        compute_output: NEVER,
      })),
  };
}

function duration({ count, milliseconds }: DurationSum): Duration {
  return { count, ns: Math.round(milliseconds * 1e6) };
}
