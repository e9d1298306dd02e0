/** Argument lists for `kubectl` that break what runs, or bring it back. Pure: `exec` runs them. */
import { kubectl, type Scope } from './kubectl.ts';

/** Each pod as it is and as it changes, `{"type", "object"}` in a line each, until it is ended. */
export const kubectlWatchPods = (scope: Scope, selector: string): string[] =>
  kubectl(scope, 'get', 'pods', '--watch', '--output-watch-events', '--selector', selector, '--output', 'json');

/** The nodes that a pod may be scheduled on without a toleration, as JSON. */
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

/** Without a word to the process: what a node that dies does to it. */
export const kubectlDeleteNow = (scope: Scope, pod: string): string[] =>
  kubectl(scope, 'delete', 'pod', pod, '--grace-period=0', '--force', '--wait=false');

/** Evicts every pod of a node but those of DaemonSets, as far as PodDisruptionBudgets allow it, and lets none come. */
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

export const kubectlUndo = (scope: Scope, deployment: string): string[] =>
  kubectl(scope, 'rollout', 'undo', `deployment/${deployment}`);
