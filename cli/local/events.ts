import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetEvent } from '../target-event.ts';
import type { ProcessId } from './replica/process-id.ts';
import { readState } from './state.ts';

/** Milliseconds from one look at the state to the next. */
const pause = 200;

/** Shows the events of the replicas that run for a project, from now on, until the signal aborts. */
export async function followEvents(
  root: string,
  signal: AbortSignal,
  show: (event: TargetEvent) => void,
): Promise<void> {
  let seen: { readonly by: ProcessId; readonly number: number } | undefined;
  while (!signal.aborted) {
    // The status says why it cannot be read.
    const { supervisor: by, events = [] } = (await readState(root).catch(() => undefined)) ?? {};
    if (by !== undefined) {
      // Another runtime counts anew.
      const after = seen === undefined ? Infinity : seen.by.pid === by.pid ? seen.number : 0;
      for (const { replica, reason, message, number } of events)
        if (number > after)
          show({ replica, text: `${reason}: ${message}`, warning: ['Unhealthy', 'BackOff'].includes(reason) });
      seen = { by, number: events.at(-1)?.number ?? 0 };
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}
