import { setTimeout as sleep } from 'node:timers/promises';
import { podPattern } from '../../infra/observability/promql.ts';
import type { Event } from '../kubernetes.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlWatchEvents, type Scope } from '../tools/kubectl.ts';

/** A line of the watch. The API server also reports that it cannot continue: then the object is a Status. */
type WatchEvent =
  { readonly type: 'ADDED' | 'MODIFIED'; readonly object: Event } | { readonly type: 'DELETED' | 'BOOKMARK' | 'ERROR' };

interface ShownEvent {
  readonly replica?: string;
  readonly text: string;
  readonly warning: boolean;
}

/** Milliseconds. The API server ends a watch now and then, and may not allow it at all. */
const pause = 2000;
/** Milliseconds. A probe fails each second or two with the same message. */
const repeatAfter = 10_000;

/**
 * Shows the events of Deployments, and of their ReplicaSets and pods, from now on, until the signal aborts. Shows none
 * without the right to see them.
 */
export async function followEvents(
  context: ExecContext,
  scope: Scope,
  deployments: readonly string[],
  show: (event: ShownEvent) => void,
): Promise<void> {
  const isOwn = ownObjects(scope, deployments);
  /** When each event was last shown, by its ID. */
  const shownAt = new Map<string, number>();
  const onLine = (line: string): void => {
    // Warnings of kubectl may be in between.
    if (!line.startsWith('{"type":')) return;
    const event = JSON.parse(line) as WatchEvent;
    if (event.type !== 'ADDED' && event.type !== 'MODIFIED') return;
    const { object } = event;
    const { uid = '' } = object.metadata;
    if (!isOwn(object) || Date.now() - (shownAt.get(uid) ?? 0) < repeatAfter) return;
    shownAt.set(uid, Date.now());
    show(describe(object));
  };
  while (!context.signal.aborted) {
    await exec(context, kubectlWatchEvents(scope), { quiet: true, onLine }).catch((error: unknown) => {
      if (!(error instanceof CommandFailed) && !context.signal.aborted) throw error;
    });
    await sleep(pause, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

function ownObjects({ namespace }: Scope, deployments: readonly string[]): (event: Event) => boolean {
  const patterns = deployments.map((name) => {
    const pod = podPattern({ name, namespace });
    return { Deployment: `^${name}$`, ReplicaSet: `^${name}-[a-z0-9]+$`, Pod: `^${pod}$` };
  });
  return ({ involvedObject: { kind, name = '' } }) =>
    (kind === 'Deployment' || kind === 'ReplicaSet' || kind === 'Pod') &&
    patterns.some((pattern) => new RegExp(pattern[kind]).test(name));
}

function describe({ involvedObject: { kind = '', name = '' }, reason = '', message = '', type }: Event): ShownEvent {
  const text = `${reason}: ${message}`;
  const warning = type === 'Warning';
  return kind === 'Pod' ? { replica: name, text, warning } : { text: `${kind} ${name}: ${text}`, warning };
}
