/**
 * Serves the models of a folder over HTTP as the service does, but all in this process: hundreds of models, of which
 * many would otherwise have a process of their own. Its standard input ends it.
 */
import { createLogger } from '../../../service/logging/logger.ts';
import { onnxruntime } from '../../../onnx/engine/onnxruntime.ts';
import { readConfig } from '../../../service/config/config.ts';
import { listen } from '../../../service/http-server.ts';
import { ModelRepository } from '../../../service/inference/repository/repository.ts';
import { Lifecycle } from '../../../service/lifecycle/lifecycle.ts';
import { createListener } from '../../../service/listener.ts';
import { Metrics } from '../../../service/metrics/metrics.ts';

/** What this process writes to its standard output, as JSON. */
export interface Served {
  readonly url: string;
  /** The reasons of the models that cannot be served, by folder. */
  readonly refused: Readonly<Record<string, string>>;
}

// What is measured is the models, on a machine that may be busy.
const limits = { MAX_BODY_BYTES: String(2 ** 26), REQUEST_TIMEOUT_SECONDS: '100', GRACE_PERIOD_SECONDS: '200' };
const config = readConfig({ ...process.env, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'fatal', ...limits });
const repository = new ModelRepository(config.modelsDir);
const dependencies = {
  repository,
  lifecycle: new Lifecycle(),
  metrics: new Metrics(),
  logger: createLogger(config),
  apiKey: () => undefined,
  options: config,
};
const { url } = await listen(createListener(dependencies), config);
await repository.load(onnxruntime, { threads: 1, measure: false });
const refused = Object.fromEntries(
  repository.entries.flatMap((entry) => (entry.state === 'failed' ? [[entry.folder, entry.reason]] : [])),
);
process.stdout.write(`${JSON.stringify({ url, refused } satisfies Served)}\n`);
process.stdin.on('end', () => process.exit()).resume();
