import { flushCompileCache } from 'node:module';
import { pino, type Logger } from 'pino';
import { onnxruntime } from '../onnx/engine/onnxruntime.ts';
import { apiKeySource } from './config/api-key.ts';
import { createApp } from './app.ts';
import { ConfigError, describeVariables, EX_CONFIG, readConfig, type Config } from './config/config.ts';
import { ModelRepository } from './inference/repository.ts';
import { Lifecycle } from './lifecycle/lifecycle.ts';
import { Metrics } from './middleware/metrics.ts';
import { drain, type Listener } from './lifecycle/drain.ts';
import { listen } from './http-server.ts';

/** Takes what is to be done on SIGTERM and SIGINT. */
export type OnSignal = (stop: (signal: NodeJS.Signals) => void) => void;

export interface ServeOptions {
  /** @default JSON lines on standard output */
  readonly logger?: Logger;
  /** @default listens to the process */
  readonly onSignal?: OnSignal;
}

/** Loads the models of a folder and answers requests until SIGTERM or SIGINT, then drains. @throws ListenError */
export async function serve(
  config: Config,
  { logger = createLogger(config), onSignal = listenToProcess }: ServeOptions = {},
): Promise<void> {
  const lifecycle = new Lifecycle();
  const repository = new ModelRepository(config.modelsDir, config.defaultModel);
  const metrics = new Metrics();
  const common = { repository, lifecycle, metrics, logger, apiKey: apiKeySource(config, logger) };

  // Who has no use for gRPC does not wait for its library either.
  const { grpcPort } = config;
  const listenGrpc = grpcPort === undefined ? undefined : (await import('./grpc/server.ts')).listenGrpc;

  // Listening comes first: while a large model loads, /livez answers and /readyz says what it waits for.
  const http = await listen(createApp({ ...common, options: config }), config);
  const grpc = await listenGrpc?.(grpcPort ?? 0, config, common);
  logger.info({ url: http.url, ...(grpc && { grpc_url: grpc.url }), models_dir: config.modelsDir }, 'listening');
  const stopped = drained(onSignal, grpc ? [http, grpc] : [http], lifecycle, config, logger);

  await repository.load(onnxruntime, { threads: config.inferenceThreads });
  metrics.setModels(repository.entries);
  for (const entry of repository.entries) {
    if (entry.state === 'failed') logger.error({ model: entry.folder, reason: entry.reason }, 'model failed');
  }
  for (const {
    model: { signature },
    loadSeconds,
  } of repository.loaded) {
    logger.info({ model: signature.name, version: signature.version, load_seconds: loadSeconds }, 'model loaded');
  }
  const failed = (await repository.checks()).filter(({ ok }) => !ok);
  if (failed.length > 0) logger.error({ checks: failed }, 'not ready');
  else logger.info('ready');
  // Node writes it on a clean exit; one that is killed should come back as quickly. Does nothing where no cache is set.
  flushCompileCache();

  await stopped;
  await repository.release();
}

/** Resolves once the listeners have drained after a signal. A second signal exits at once. */
function drained(
  onSignal: OnSignal,
  listeners: readonly Listener[],
  lifecycle: Lifecycle,
  config: Config,
  logger: Logger,
): Promise<void> {
  return new Promise((resolve, reject) => {
    onSignal((signal) => {
      if (lifecycle.phase !== 'serving') {
        logger.warn({ signal }, 'second signal: exiting at once');
        process.exit(1);
      }
      logger.info({ signal, drain_delay_seconds: config.drainDelaySeconds }, 'draining');
      drain(listeners, lifecycle, config).then((cut) => {
        if (cut > 0) logger.error({ connections: cut }, 'grace period over: connections cut');
        else logger.info('drained');
        resolve();
      }, reject);
    });
  });
}

function listenToProcess(stop: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
}

/** JSON lines on standard output. */
function createLogger({ logLevel: level }: Config): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (name) => ({ level: name }) },
  });
}

/** The program: configured by the environment, exits with 78 where that is wrong. */
export async function main(args: readonly string[], onSignal: OnSignal): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(describeVariables());
    return;
  }
  try {
    await serve(readConfig(process.env), { onSignal });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    // Not only the exit code: a listener that is open already would keep a process alive that never gets ready.
    process.exit(error instanceof ConfigError ? EX_CONFIG : 1);
  }
}
