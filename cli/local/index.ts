/**
 * The embedded engine: runs synthesized manifests as processes of this machine, as the kubelet and kube-proxy would.
 * what is up already.
 */
export { detach, type Detached, type DetachOptions } from './daemon/detach.ts';
export { startLocal, type LocalEngine, type LocalOptions } from './runtime.ts';
export type { ReplicaEvent } from './replica/replica.ts';
export { sendSignal } from './replica/process-id.ts';
export { readState } from './state.ts';
