/**
 * The service, for programs of one's own: `rhizome-kit/service`.
 *
 *     await serve(readConfig({ MODELS_DIR: 'models', PORT: '8000' }));
 *
 * is what the image runs; `createApp` makes the Hono application alone.
 */
export { createApp, type Dependencies } from './app.ts';
export { ConfigError, readConfig, type Config } from './config/config.ts';
export * from './contract/index.ts';
export { ModelRepository } from './inference/repository.ts';
export { Lifecycle } from './lifecycle/lifecycle.ts';
export { Metrics } from './middleware/metrics.ts';
export { drain, type Listener } from './lifecycle/drain.ts';
export { listen, ListenError } from './http-server.ts';
export { serve, type OnSignal, type ServeOptions } from './serve.ts';
export { onnxruntime } from '../onnx/engine/onnxruntime.ts';
export type { Engine } from '../onnx/engine/engine.ts';
