/**
 * The embedded engine: runs synthesized manifests as processes of this machine, as the kubelet and kube-proxy would.
 * docs/local.md says what it honours. `startLocal` for the foreground, `detach` for the background, `localTarget` for
 * what is up already.
 */
export { detach, type Detached, type DetachOptions } from './daemon/detach.ts';
export { startLocal, type LocalEngine, type LocalOptions } from './runtime.ts';
export { localTarget } from './local-target.ts';
export type { EngineEvent } from './replica/replica.ts';
export { sendSignal } from './replica/process-id.ts';
export { readState } from './state.ts';
