/** What the board's server and its page tell each other. */
import type { Outcome } from '../chaos/outcome.ts';
import type { DeploymentStatus } from '../deployment-status.ts';

/** What doesn't change while the board is open. */
export interface BoardInfo {
  /** The target's name. */
  readonly target: string;
  /** Base URL of the service. */
  readonly url: string;
  /** What limits the load. */
  readonly note?: string;
  /** What a load promises, in a sentence. */
  readonly loadPromise: string;
  readonly experiments: readonly ExperimentInfo[];
}

export interface ExperimentInfo {
  readonly name: string;
  readonly title: string;
  /** What it promises, in a sentence. */
  readonly promise: string;
  /** Why it cannot be performed on this target. */
  readonly unavailable?: string;
}

/** Something that happened. Times are in milliseconds since the epoch. */
export interface BoardEvent {
  readonly at: number;
  readonly kind: 'step' | 'command' | 'note' | 'good' | 'warning' | 'bad';
  readonly text: string;
  /** The replica that it happened to. */
  readonly replica?: string;
}

/** What runs because somebody pressed a button. */
export interface Activity {
  /** `load`, or the experiment's name. */
  readonly name: string;
  readonly startedAt: number;
}

/** What the replicas served between two times, whoever sent it, as their metrics report it. */
export interface Traffic {
  readonly from: number;
  readonly to: number;
  /** Completed requests per second, those that failed included. */
  readonly requests: number;
  /** Requests per second that the service failed. */
  readonly failed: number;
  /** 95 % of the requests took at most so many milliseconds. Null if there were none. */
  readonly p95: number | null;
}

/** A load's requests that were due in one second, as its client saw them. A time is null if no request succeeded. */
export interface Second {
  readonly at: number;
  readonly sent: number;
  readonly failed: number;
  readonly p50: number | null;
  readonly max: number | null;
}

/** How a load or an experiment ended. */
export interface Result {
  readonly at: number;
  readonly name: string;
  /** Missing if it failed before it could begin, or was stopped. */
  readonly outcome?: Outcome;
  /** Why there is no outcome. */
  readonly problem?: string;
}

export type BoardMessage =
  | { readonly kind: 'info'; readonly info: BoardInfo }
  /** A status, or why there is none. */
  | { readonly kind: 'status'; readonly status: DeploymentStatus | string }
  | { readonly kind: 'events'; readonly events: readonly BoardEvent[] }
  /** Null if nothing runs. */
  | { readonly kind: 'activity'; readonly activity: Activity | null }
  | { readonly kind: 'traffic'; readonly traffic: readonly Traffic[] }
  /** Seconds that are new, or replace what was sent for them before. */
  | { readonly kind: 'load'; readonly seconds: readonly Second[] }
  | { readonly kind: 'result'; readonly result: Result };
