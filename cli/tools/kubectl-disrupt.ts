/** Argument lists for `kubectl` commands that disrupt replicas, or undo that. Pure functions: `exec` runs them. */
import { kubectl, type Scope } from './kubectl.ts';

/** Prints each pod now and whenever it changes, as one line `{"type", "object"}`, until it is stopped. */
export const kubectlWatchPods = (scope: Scope, selector: string): string[] =>
  kubectl(scope, 'get', 'pods', '--watch', '--output-watch-events', '--selector', selector, '--output', 'json');

/** Prints the nodes as JSON. */
export const kubectlNodes = ({ context }: Scope): string[] => [
  'kubectl',
  '--context',
  context,
  'get',
  'nodes',
  '--output',
  'json',
];

export const kubectlShell = (scope: Scope, pod: string, line: string): string[] =>
  kubectl(scope, 'exec', pod, '--', 'sh', '-c', line);

/** Deletes a pod without a grace period, as if its node had died. */
export const kubectlDeleteNow = (scope: Scope, pod: string): string[] =>
  kubectl(scope, 'delete', 'pod', pod, '--grace-period=0', '--force', '--wait=false');

/** Cordons a node and evicts its pods other than those of DaemonSets, as PodDisruptionBudgets allow. */
export const kubectlDrain = ({ context }: Scope, node: string): string[] => [
  'kubectl',
  '--context',
  context,
  'drain',
  node,
  '--ignore-daemonsets',
  '--delete-emptydir-data',
  '--timeout=180s',
];

export const kubectlUncordon = ({ context }: Scope, node: string): string[] => [
  'kubectl',
  '--context',
  context,
  'uncordon',
  node,
];

export const kubectlSetImage = (scope: Scope, deployment: string, container: string, image: string): string[] =>
  kubectl(scope, 'set', 'image', `deployment/${deployment}`, `${container}=${image}`);

export const kubectlRestart = (scope: Scope, deployment: string): string[] =>
  kubectl(scope, 'rollout', 'restart', `deployment/${deployment}`);

/** @param revision of `kubectl rollout history`; by default the previous one */
export const kubectlUndo = (scope: Scope, deployment: string, revision?: number): string[] =>
  kubectl(
    scope,
    'rollout',
    'undo',
    `deployment/${deployment}`,
    ...(revision === undefined ? [] : [`--to-revision=${revision}`]),
  );
