/** The local runtime: runs synthesized manifests as processes of this machine, as the kubelet and kube-proxy would. */
export { detach, type DetachedRuntime, type DetachOptions } from './daemon/detach.ts';
export type { UnsupportedFields } from './manifests/unsupported-fields.ts';
export { startLocalRuntime, type LocalOptions, type LocalRuntime } from './runtime.ts';
export type { ReplicaEvent } from './replica/replica-event.ts';
export { belongsTo, sendSignal } from './replica/process-id.ts';
export { readState } from './state.ts';
export { describeStopper } from './stopper.ts';
export { replicaSources, watchFiles, type Watched } from './watch-files.ts';
