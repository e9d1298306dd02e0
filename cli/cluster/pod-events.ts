import { setTimeout as sleep } from 'node:timers/promises';
import { podPattern } from '../../infra/observability/promql.ts';
import { Failure } from '../failure.ts';
import type { Event } from '../kubernetes.ts';
import type { TargetEvent } from '../target-event.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlWatchEvents, type Scope } from '../tools/kubectl.ts';

/** A line of the watch. The API server also reports that it cannot continue: then the object is a Status. */
type WatchEvent =
  { readonly type: 'ADDED' | 'MODIFIED'; readonly object: Event } | { readonly type: 'DELETED' | 'BOOKMARK' | 'ERROR' };

/** Whose events are shown. */
interface Watched {
  readonly scope: Scope;
  readonly deployments: readonly string[];
}

/**
 * Milliseconds from the end of a watch to the next one. The API server ends a watch now and then. If it doesn't allow
 * any, or doesn't respond, each pause is twice as long as the one before.
 */
const pauses = { shortest: 2000, longest: 60_000 };
/** Milliseconds. A probe fails each second or two with the same message. */
const repeatAfter = 10_000;

/**
 * Shows the events of Deployments, and of their ReplicaSets and pods, from now on, until the signal aborts. Shows none
 * while they cannot be watched, such as without the right to do so.
 * @param find says what to watch, before each watch; throws a Failure if that isn't known now
 */
export async function followEvents(
  context: ExecContext,
  find: () => Watched,
  show: (event: TargetEvent) => void,
): Promise<void> {
  const { signal } = context;
  const isRepeated = repeats();
  let pause = pauses.shortest;
  while (!signal.aborted) {
    const isOver = await watchEvents(context, find, (event) => {
      if (!isRepeated(event)) show(describe(event));
    });
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    pause = isOver ? pauses.shortest : Math.min(2 * pause, pauses.longest);
  }
}

/** @returns whether the watch began and ended; otherwise it failed */
async function watchEvents(
  context: ExecContext,
  find: () => Watched,
  receive: (event: Event) => void,
): Promise<boolean> {
  try {
    const watched = find();
    const isOwn = ownObjects(watched);
    const onLine = (line: string): void => {
      // Warnings of kubectl may be in between.
      if (!line.startsWith('{"type":')) return;
      const event = JSON.parse(line) as WatchEvent;
      if ((event.type === 'ADDED' || event.type === 'MODIFIED') && isOwn(event.object)) receive(event.object);
    };
    await exec(context, kubectlWatchEvents(watched.scope), { quiet: true, onLine });
    return true;
  } catch (error) {
    if (error instanceof Failure || context.signal.aborted) return false;
    throw error;
  }
}

/** Returns a function that says whether an event was there already a short time ago. */
function repeats(): (event: Event) => boolean {
  /** When each event was last new, by its ID. */
  const newAt = new Map<string, number>();
  return ({ metadata: { uid = '' } }) => {
    const now = Date.now();
    for (const [id, at] of newAt) if (now - at >= repeatAfter) newAt.delete(id);
    if (newAt.has(uid)) return true;
    newAt.set(uid, now);
    return false;
  };
}

function ownObjects({ scope: { namespace }, deployments }: Watched): (event: Event) => boolean {
  const patterns = deployments.map((name) => {
    const pod = podPattern({ name, namespace });
    return { Deployment: `^${name}$`, ReplicaSet: `^${name}-[a-z0-9]+$`, Pod: `^${pod}$` };
  });
  return ({ involvedObject: { kind, name = '' } }) =>
    (kind === 'Deployment' || kind === 'ReplicaSet' || kind === 'Pod') &&
    patterns.some((pattern) => new RegExp(pattern[kind]).test(name));
}

function describe({ involvedObject: { kind = '', name = '' }, reason = '', message = '', type }: Event): TargetEvent {
  const text = `${reason}: ${message}`;
  const warning = type === 'Warning';
  return kind === 'Pod' ? { replica: name, text, warning } : { text: `${kind} ${name}: ${text}`, warning };
}
