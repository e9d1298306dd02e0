/**
 * The service as a library, `rhizome-kit/service`. This is what the image runs:
 *
 *     await serve(readConfig({ MODELS_DIR: 'models', PORT: '8000' }));
 *
 * `createApp` returns only the Hono application, `createListener` a listener for a server of `node:http`, and
 * `createManagementListener` one for probes and scrapes on a port of their own.
 */
export { createApp } from './app.ts';
export { createListener } from './listener.ts';
export { createManagementListener } from './management-listener.ts';
export type { Dependencies } from './dependencies.ts';
export type { KeySource } from './config/api-key.ts';
export { ConfigError, readConfig, type Config, type Environment } from './config/config.ts';
export * from './contract/index.ts';
export { ModelRepository } from './inference/repository/repository.ts';
export type { ModelEntry, LoadedEntry, LoadOptions } from './inference/repository/entry.ts';
export type { QueueLimit } from './inference/admission/queue-limits.ts';
export type { ExecutorObserver, ExecutorObservers, RefusalReason } from './inference/queue/executor.ts';
export type { OverriddenPlacement, Placement, PlacementSetting } from './inference/placement/placement.ts';
export type { ProcessEvent } from './inference/placement/supervisor.ts';
export { Lifecycle, type Phase } from './lifecycle/lifecycle.ts';
export { Metrics, type Scrape } from './metrics/metrics.ts';
export { drain, type Listener } from './lifecycle/drain.ts';
export { listen, ListenError, listenManagement } from './http-server.ts';
export type { CloseReason } from './connections/connections.ts';
export { serve, type OnSignal, type ServeOptions } from './serve.ts';
export { onnxruntime } from '../onnx/engine/onnxruntime.ts';
export {
  processEngine,
  type ProcessEngine,
  type ProcessOptions,
  type ProcessSession,
} from '../onnx/engine/process/process-engine.ts';
export { EngineError, type EngineErrorCode } from '../onnx/engine/engine.ts';
export type {
  Engine,
  EngineOptions,
  ExternalFile,
  Session,
  Tensor,
  TensorData,
  TensorInfo,
} from '../onnx/engine/engine.ts';
