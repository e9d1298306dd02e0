/**
 * The embedded engine: runs synthesized manifests as processes of this machine, as the kubelet and kube-proxy would.
 * docs/local.md says what it honours. `startLocal` for the foreground, `detach` for the background, `localTarget` for
 * what is up already.
 */
export { detach, type Detached, type DetachOptions } from './detach.ts';
export { startLocal, type LocalEngine, type LocalOptions } from './engine.ts';
export { localTarget } from './local-target.ts';
export type { EngineEvent } from './replica.ts';
export { sendSignal } from './process-id.ts';
export { readState } from './state.ts';
