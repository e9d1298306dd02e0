import { setTimeout as sleep } from 'node:timers/promises';
import { Slots } from '../../../onnx/slots.ts';
import type { ReplicaStatus } from '../../deployment-status.ts';
import { Failure } from '../../failure.ts';
import type { Target } from '../../targets/target.ts';
import type { Traffic } from '../messages.ts';
import { parseCounts } from './counts.ts';
import { TrafficMeter, type Reading } from './meter.ts';

export interface TrafficOptions {
  /** Milliseconds from one measurement to the next. */
  readonly pause: number;
  readonly replicas: () => readonly ReplicaStatus[];
  /** @param traffic undefined if it isn't known  @param memory in bytes, by replica */
  readonly show: (traffic: Traffic | undefined, memory: ReadonlyMap<string, number>) => void;
  readonly signal: AbortSignal;
}

/** So many replicas are asked at once. On a cluster, each question is a process of kubectl. */
const atOnce = 4;

/** Measures what the replicas serve, and their memory, until the signal aborts. */
export async function observeTraffic(target: Target, { pause, replicas, show, signal }: TrafficOptions): Promise<void> {
  const meter = new TrafficMeter();
  while (!signal.aborted) {
    const next = sleep(pause, undefined, { signal }).catch(() => undefined);
    const running = replicas().filter(({ startedAt }) => startedAt !== undefined);
    const readings = await readAll(
      target,
      running.map(({ name }) => name),
      signal,
    );
    const memory = [...readings].flatMap(([name, { counts }]) =>
      counts.memoryBytes === undefined ? [] : [[name, counts.memoryBytes] as const],
    );
    show(meter.measure(readings, running), new Map(memory));
    await next;
  }
}

async function readAll(
  target: Target,
  replicas: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Reading>> {
  const readings = new Map<string, Reading>();
  const slots = new Slots(atOnce);
  const read = async (name: string): Promise<void> => {
    const text = await target.metrics(name).catch((error: unknown) => {
      // Ctrl-C ends what runs.
      if (error instanceof Failure || signal.aborted) return undefined;
      throw error;
    });
    const counts = text === undefined ? undefined : parseCounts(text);
    if (counts !== undefined) readings.set(name, { at: Date.now(), counts });
  };
  await Promise.all(replicas.map((name) => slots.use(() => read(name))));
  return readings;
}
