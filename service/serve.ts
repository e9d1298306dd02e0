import { flushCompileCache } from 'node:module';
import type { Logger } from 'pino';
import { onnxruntimeOn } from '../onnx/engine/onnxruntime.ts';
import { processEngineOn } from '../onnx/engine/process/process-engine.ts';
import { KeyServer, keyServerTimes } from './authentication/key-server.ts';
import { fetchKeySet } from './authentication/key-set.ts';
import { Tokens } from './authentication/tokens.ts';
import { apiKeySource } from './config/api-key.ts';
import { ConfigError, describeVariables, EX_CONFIG, readConfig, type Config } from './config/config.ts';
import type { TokenConfig } from './config/token-config.ts';
import { mostModelBytes } from './config/memory-limit.ts';
import { InFlightBytes } from './connections/in-flight-bytes.ts';
import { rowBytes, warningFor } from './inference/repository/body-size.ts';
import { ModelRepository } from './inference/repository/repository.ts';
import { Lifecycle } from './lifecycle/lifecycle.ts';
import { openTelemetry } from './telemetry.ts';
import { createListener } from './listener.ts';
import { closeLogger, createLogger } from './logging/logger.ts';
import { Metrics } from './metrics/metrics.ts';
import type { PayloadLog } from './payload-log/payload-log.ts';
import { Shadow } from './shadow/shadow.ts';
import { drain, type Listener } from './lifecycle/drain.ts';
import { listen, listenManagement } from './http-server.ts';
import { createManagementListener } from './management-listener.ts';
import type { CloseReason } from './connections/connections.ts';

/** The part of the grace period in which nothing more is sent, so that the process ends by itself. */
const EXIT_MS = 500;
/** How long what is left may take to be sent: at least, if the requests took the whole grace period, and at most. */
const FLUSH_MS = { least: 250, most: 5000 };

/** Registers a function to call on SIGTERM and SIGINT. */
export type OnSignal = (stop: (signal: NodeJS.Signals) => void) => void;

export interface ServeOptions {
  /** @default a logger that writes JSON lines to standard output */
  readonly logger?: Logger;
  /** @default registers the function with `process.on` */
  readonly onSignal?: OnSignal;
}

/** A model may have thousands of features. */
const MOST_LISTED = 10;

/** Loads the models of a folder and serves them until SIGTERM or SIGINT, then drains. @throws {ListenError} */
export async function serve(
  config: Config,
  { logger = createLogger(config), onSignal = listenToProcess }: ServeOptions = {},
): Promise<void> {
  const lifecycle = new Lifecycle();
  const repository = new ModelRepository(config.modelsDir, config.defaultModel);
  const metrics = new Metrics(config.driftSample);
  const memory = new InFlightBytes(config.maxInFlightBytes);
  const keyServer = config.tokens && keyServerOf(config.tokens, config, logger);
  const tokens = config.tokens && keyServer && new Tokens(config.tokens, keyServer);
  metrics.keyServer = keyServer;
  keyServer?.start();
  const telemetry = await openTelemetry(config, metrics, logger);
  const { tracer, payloads } = telemetry;
  const shadow = config.shadow && new Shadow(config.shadow, { ...config, metrics: metrics.shadow, logger });
  const common = {
    repository,
    lifecycle,
    metrics,
    logger,
    apiKey: apiKeySource(config, logger),
    tokens,
    memory,
    tracer,
    payloads,
    shadow,
  };

  // The gRPC library is only loaded if it is needed.
  const { grpcPort, managementPort } = config;
  const listenGrpc = grpcPort === undefined ? undefined : (await import('./grpc/server.ts')).listenGrpc;

  // Listens first: while a large model loads, /livez responds, and /readyz says what it is waiting for.
  const closed = (reason: CloseReason): void => {
    metrics.connections.closed(reason);
    logger.debug({ reason }, 'connection closed');
  };
  const http = await listen(createListener({ ...common, options: config }), config, closed);
  const grpc = await listenGrpc?.(grpcPort ?? 0, config, common);
  const management =
    managementPort === undefined
      ? undefined
      : await listenManagement(createManagementListener(common), config, managementPort, closed);
  const urls = {
    url: http.url,
    ...(grpc && { grpc_url: grpc.url }),
    ...(management && { management_url: management.url }),
  };
  logger.info({ ...urls, models_dir: config.modelsDir }, 'listening');
  const listeners = { open: grpc ? [http, grpc] : [http], management };
  const stopped = drained(onSignal, listeners, lifecycle, config, logger);

  await repository.load(onnxruntimeOn(config.executionProvider), {
    ...config,
    threads: config.inferenceThreads,
    mostBytes: mostModelBytes(),
    maxDelayMs: config.maxBatchDelayMs,
    processEngine: processEngineOn(config.executionProvider),
    observers: metrics.models,
    watch: (signature) => metrics.drift.watch(signature),
    onProcessEnd: ({ model, reason, delayMs }) => {
      logger.error({ model, reason, restart_in_seconds: delayMs / 1000 }, 'inference process ended');
    },
  });
  metrics.setModels(repository.entries);
  for (const entry of repository.entries) {
    if (entry.state === 'failed') logger.error({ model: entry.folder, reason: entry.reason }, 'model failed');
  }
  for (const {
    model: {
      signature: { name: model, version },
      neverRan,
      notVerified,
    },
    executor: {
      plan: { placement, maxBatch, unstackable },
    },
    loadSeconds,
    overridden,
  } of repository.loaded) {
    const serving = {
      placement,
      ...(unstackable === undefined ? { max_batch: maxBatch } : { not_batched: unstackable }),
    };
    logger.info({ model, version, load_seconds: loadSeconds, ...serving }, 'model loaded');
    if (overridden !== undefined) {
      const { asked, setBy, reason } = overridden;
      logger.warn({ model, version, asked, set_by: setBy, placement, reason }, 'placement overridden');
    }
    if (neverRan) logger.warn({ model, version, reason: notVerified }, 'model not verified');
  }
  for (const { name: model, version, leftOut } of metrics.drift.leftOut) {
    const first = leftOut.slice(0, MOST_LISTED);
    logger.warn({ model, version, left_out: first, count: leftOut.length }, 'not in the drift metrics');
  }
  warnOfUnknownNames(repository, payloads, logger);
  warnOfBodies(repository, config.maxBodyBytes ?? repository.bodyBytes, logger);
  const failed = (await repository.checks(Infinity)).filter(({ ok }) => !ok);
  if (failed.length > 0) logger.error({ checks: failed }, 'not ready');
  else logger.info('ready');
  // Node writes its compile cache on a clean exit only. A process that is killed should restart just as quickly. This
  // does nothing if no cache is configured.
  flushCompileCache();

  const deadline = await stopped;
  keyServer?.stop();
  shadow?.close();
  await telemetry.close(Math.min(Math.max(deadline - performance.now(), FLUSH_MS.least), FLUSH_MS.most));
  await repository.release();
  closeLogger(logger);
}

/** How long the key server may take. A request with a new token may wait for it. */
const KEY_SERVER_MILLISECONDS = 5000;

function keyServerOf(
  { jwksUrl, algorithms }: TokenConfig,
  { requestTimeoutSeconds }: Config,
  logger: Logger,
): KeyServer {
  return new KeyServer((stop) => fetchKeySet(jwksUrl, algorithms, KEY_SERVER_MILLISECONDS, stop), logger, {
    // A request that cannot be served in time anyway hears at once that it should be sent again.
    mostWaitSeconds: Math.min(keyServerTimes.mostWaitSeconds, requestTimeoutSeconds),
  });
}

/** A name that is misspelt keeps nothing out of the payload log. A model may also come later, so this is no failure. */
function warnOfUnknownNames({ loaded }: ModelRepository, payloads: PayloadLog | undefined, logger: Logger): void {
  const names = payloads?.unknownNames(loaded.map(({ model }) => model.signature)) ?? [];
  if (names.length > 0) logger.warn({ names }, 'the payload log keeps out names that no model has');
}

/** Names the models of which one row does not fit into a request. */
function warnOfBodies({ loaded }: ModelRepository, maxBodyBytes: number, logger: Logger): void {
  for (const {
    name: model,
    version,
    model: { signature },
  } of loaded) {
    const bytes = rowBytes(signature);
    const warning = warningFor(bytes, maxBodyBytes);
    if (warning === undefined) continue;
    const { json, binary } = bytes;
    logger.warn({ model, version, json_bytes: json, binary_bytes: binary, max_body_bytes: maxBodyBytes }, warning);
  }
}

interface Listeners {
  /** The ports of clients. */
  readonly open: readonly Listener[];
  readonly management: Listener | undefined;
}

/**
 * Resolves when the listeners have drained after a signal, with the time by which the process should end. A second
 * signal exits immediately.
 */
function drained(
  onSignal: OnSignal,
  { open, management }: Listeners,
  lifecycle: Lifecycle,
  config: Config,
  logger: Logger,
): Promise<number> {
  return new Promise((resolve, reject) => {
    onSignal((signal) => {
      if (lifecycle.phase !== 'serving') {
        logger.warn({ signal }, 'second signal: exiting immediately');
        process.exit(1);
      }
      logger.info({ signal, drain_delay_seconds: config.drainDelaySeconds }, 'draining');
      const deadline = performance.now() + config.gracePeriodSeconds * 1000 - EXIT_MS;
      drain(open, lifecycle, config, management).then((cut) => {
        if (cut > 0) logger.error({ connections: cut }, 'grace period over: connections interrupted');
        else logger.info('drained');
        resolve(deadline);
      }, reject);
    });
  });
}

function listenToProcess(stop: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
}

/** Runs the service as a program. Environment variables configure it; if they are invalid, it exits with code 78. */
export async function main(args: readonly string[], onSignal: OnSignal): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(describeVariables());
    return;
  }
  try {
    await serve(readConfig(process.env), { onSignal });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    // Exits instead of only setting the exit code: an open listener would keep a process running that never becomes
    // ready.
    process.exit(error instanceof ConfigError ? EX_CONFIG : 1);
  }
}
