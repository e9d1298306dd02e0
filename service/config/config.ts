import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { defaultInFlightBytes } from '../connections/in-flight-bytes.ts';
import {
  expectedValue,
  leastInFlightBytes,
  minimumGraceSeconds,
  variables,
  type NumberName,
  type Variable,
  type VariableName,
} from '../contract/index.ts';
import { readTokenConfig, type TokenConfig } from './token-config.ts';
import type { ShadowConfig } from './shadow-config.ts';
import { cpuLimit } from './cpu-limit.ts';
import { inferenceMemory } from './memory-limit.ts';
import { readTelemetry, type TelemetryConfig } from './telemetry.ts';

export interface Config extends TelemetryConfig {
  readonly port: number;
  /** Undefined turns gRPC off. */
  readonly grpcPort: number | undefined;
  /** Undefined if `port` alone serves probes and metrics. */
  readonly managementPort: number | undefined;
  /** Whether `port` serves probes and metrics. */
  readonly publicProbes: boolean;
  /** Whether the documentation needs no API key. */
  readonly publicDocs: boolean;
  /** Whether `/` is the playground. */
  readonly playground: boolean;
  /** The name that responses say they come from. If undefined, they do not say. */
  readonly replica: string | undefined;
  readonly host: string;
  readonly modelsDir: string;
  /** The model of requests that name none. If undefined, it is the only model. */
  readonly defaultModel: string | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** Whether each log line is written at once. */
  readonly logSync: boolean;
  readonly drainDelaySeconds: number;
  readonly gracePeriodSeconds: number;
  readonly requestTimeoutSeconds: number;
  readonly maxConnections: number;
  /** If undefined, it is what the models need that are served. */
  readonly maxBodyBytes: number | undefined;
  /** If undefined, it is derived from the largest body. */
  readonly maxResponseBytes: number | undefined;
  readonly maxInFlightBytes: number;
  readonly strictRanges: boolean;
  /** Share of the predicted rows that the drift metrics count. */
  readonly driftSample: number;
  /** Where copies of requests go. If undefined, none are made. */
  readonly shadow: ShadowConfig | undefined;
  readonly inferenceThreads: number;
  /** The most bytes of one inference process. If undefined, there is no limit. */
  readonly inferenceMemoryBytes: number | undefined;
  readonly executionProvider: (typeof PROVIDERS)[number];
  readonly placement: (typeof PLACEMENTS)[number];
  /** If undefined, it is measured for each model. */
  readonly maxBatch: number | undefined;
  readonly maxBatchDelayMs: number;
  /** If undefined, it is derived from the measurement. */
  readonly maxQueueRows: number | undefined;
  readonly maxQueueBytes: number | undefined;
  /** Takes precedence over `apiKeyFile`. */
  readonly apiKey: string | undefined;
  readonly apiKeyFile: string;
  /** Whether the file was configured: then a key is required even if the file is missing. */
  readonly apiKeyFileRequired: boolean;
  /** Undefined if the service accepts no tokens. */
  readonly tokens: TokenConfig | undefined;
}

/** The environment variables are invalid. The process exits with code 78, which is EX_CONFIG in sysexits.h. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      [
        `The configuration has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:`,
        ...problems.map((problem) => `  - ${problem}`),
        'Run with --help to list every variable.',
      ].join('\n'),
    );
    this.problems = problems;
  }
}

export const EX_CONFIG = 78;
const LOG_LEVELS = variables.LOG_LEVEL.values;
const PLACEMENTS = variables.PLACEMENT.values;
const PROVIDERS = variables.EXECUTION_PROVIDER.values;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and validates the environment variables. An empty value counts as unset, except for `API_KEY`: a Secret with
 * an empty entry must not open the service.
 *
 * @throws {ConfigError} with every problem at once
 */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];
  const raw = (name: VariableName): string => environment[name] || (variables[name] as Variable).default || '';
  const check = (name: VariableName, fine: boolean, expected: string): void => {
    if (!fine) problems.push(`${name} is ${JSON.stringify(raw(name))}: expected ${expected}`);
  };
  const checkValue = (name: VariableName, least?: number): void => {
    const expected = expectedValue(name, raw(name), least);
    check(name, expected === undefined, expected ?? '');
  };
  const number = (name: NumberName, least?: number): number => {
    checkValue(name, least);
    return Number(raw(name));
  };
  const logLevel = LOG_LEVELS.find((level) => level === raw('LOG_LEVEL'));
  for (const name of [
    'LOG_LEVEL',
    'LOG_SYNC',
    'STRICT_RANGES',
    'PLACEMENT',
    'PUBLIC_DOCS',
    'PLAYGROUND',
    'EXECUTION_PROVIDER',
  ] as const)
    checkValue(name);
  if (raw('PUBLIC_PROBES') !== '') checkValue('PUBLIC_PROBES');
  for (const name of ['JWT_JWKS_INSECURE', 'JWT_LEEWAY_SECONDS'] as const) checkValue(name);
  const placement = PLACEMENTS.find((place) => place === raw('PLACEMENT'));
  const optional = (name: NumberName): number | undefined => (raw(name) === '' ? undefined : number(name));
  const maxBodyBytes = optional('MAX_BODY_BYTES');
  const managementPort = optional('MANAGEMENT_PORT');
  const readShadow = (): ShadowConfig | undefined => {
    const [sample, tolerance] = [number('SHADOW_SAMPLE'), number('SHADOW_TOLERANCE')];
    if (raw('SHADOW_URL') === '') return undefined;
    checkValue('SHADOW_URL');
    return { url: raw('SHADOW_URL').replace(/\/+$/, ''), sample, tolerance };
  };
  const config: Config = {
    port: number('PORT'),
    grpcPort: optional('GRPC_PORT'),
    managementPort,
    publicProbes: raw('PUBLIC_PROBES') === '' ? managementPort === undefined : raw('PUBLIC_PROBES') === 'true',
    publicDocs: raw('PUBLIC_DOCS') === 'true',
    playground: raw('PLAYGROUND') === 'true',
    replica: raw('PLAYGROUND') === 'true' ? podName(environment) : undefined,
    host: raw('HOST'),
    modelsDir: raw('MODELS_DIR'),
    defaultModel: environment['DEFAULT_MODEL'] || undefined,
    logLevel: logLevel ?? 'info',
    logSync: raw('LOG_SYNC') === 'true',
    drainDelaySeconds: number('DRAIN_DELAY_SECONDS'),
    gracePeriodSeconds: number('GRACE_PERIOD_SECONDS'),
    requestTimeoutSeconds: number('REQUEST_TIMEOUT_SECONDS'),
    maxConnections: number('MAX_CONNECTIONS'),
    maxBodyBytes,
    maxInFlightBytes:
      raw('MAX_IN_FLIGHT_BYTES') === ''
        ? defaultInFlightBytes(maxBodyBytes ?? 0)
        : number('MAX_IN_FLIGHT_BYTES', leastInFlightBytes(maxBodyBytes)),
    maxResponseBytes: optional('MAX_RESPONSE_BYTES'),
    strictRanges: raw('STRICT_RANGES') === 'true',
    driftSample: number('DRIFT_SAMPLE'),
    shadow: readShadow(),
    inferenceThreads: raw('INFERENCE_THREADS') === '' ? cpuLimit() : number('INFERENCE_THREADS'),
    inferenceMemoryBytes: optional('INFERENCE_MEMORY_BYTES') ?? inferenceMemory(),
    executionProvider: PROVIDERS.find((provider) => provider === raw('EXECUTION_PROVIDER')) ?? 'cpu',
    placement: placement ?? 'auto',
    maxBatch: optional('MAX_BATCH'),
    maxBatchDelayMs: number('MAX_BATCH_DELAY_MS'),
    maxQueueRows: optional('MAX_QUEUE_ROWS'),
    maxQueueBytes: optional('MAX_QUEUE_BYTES'),
    apiKey: environment['API_KEY']?.trim() || undefined,
    apiKeyFile: raw('API_KEY_FILE'),
    apiKeyFileRequired: Boolean(environment['API_KEY_FILE']) && environment['API_KEY'] === undefined,
    tokens: readTokenConfig(raw, check),
    ...readTelemetry({ raw, check, checkValue, problem: (text) => problems.push(text) }),
  };
  check('MODELS_DIR', isReadableFolder(config.modelsDir), 'a readable folder');
  const least = minimumGraceSeconds(config.drainDelaySeconds, config.requestTimeoutSeconds);
  if (config.gracePeriodSeconds < least) {
    problems.push(
      `GRACE_PERIOD_SECONDS is ${config.gracePeriodSeconds}: expected at least ${least} ` +
        '(DRAIN_DELAY_SECONDS + REQUEST_TIMEOUT_SECONDS + 5), so that no request is interrupted',
    );
  }
  if (environment['API_KEY'] !== undefined && config.apiKey === undefined)
    problems.push('API_KEY is blank: expected a key; if requests need no key, leave the variable unset');
  if (config.apiKeyFileRequired) {
    const path = JSON.stringify(config.apiKeyFile);
    if (!isReadableFile(config.apiKeyFile)) problems.push(`API_KEY_FILE is ${path}: expected a readable file`);
    else if (readFileSync(config.apiKeyFile, 'utf8').trim() === '')
      problems.push(`API_KEY_FILE is ${path}: expected a file that contains a key, but it is blank`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Kubernetes and the local runtime set HOSTNAME to the name of the pod. Other texts do not belong into a header. */
function podName({ HOSTNAME }: Environment): string | undefined {
  return HOSTNAME !== undefined && /^[\w.-]+$/.test(HOSTNAME) ? HOSTNAME : undefined;
}

/** Returns the text of `--help`. */
export function describeVariables(): string {
  const entries: [string, Variable][] = Object.entries(variables);
  const width = Math.max(...entries.map(([name]) => name.length));
  const lines = entries.map(([name, { default: value, unit, description }]) => {
    const [indent, notes] = [
      '  ',
      [value === undefined ? 'default: unset' : `default: ${value}`, ...(unit ? [`in ${unit}`] : [])].join(', '),
    ];
    return `${indent}${name.padEnd(width)}  ${description} (${notes})`;
  });
  return [
    'Serves the ONNX models of a folder over HTTP and gRPC. Environment variables configure it:',
    '',
    ...lines,
    '',
  ].join('\n');
}

function isReadableFolder(path: string): boolean {
  return isReadable(path) && statSync(path).isDirectory();
}

function isReadableFile(path: string): boolean {
  return isReadable(path) && statSync(path).isFile();
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
