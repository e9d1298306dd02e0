import { apiKeyMount, image, ports } from './endpoints.ts';

/** One environment variable: `--help`, the configuration's checks and the manifests all read this table. */
export interface Variable {
  /** What it is when unset; none means that the feature is off. */
  readonly default?: string;
  /** `seconds`, `bytes`, ... for the reader of `--help`. */
  readonly unit?: string;
  readonly description: string;
}

export const variables = {
  PORT: { default: String(ports.http.number), description: 'TCP port to listen on; 0 picks a free one' },
  GRPC_PORT: { description: 'TCP port for the Open Inference Protocol over gRPC; unset: none' },
  HOST: { default: '0.0.0.0', description: 'address to listen on' },
  MODELS_DIR: {
    default: image.modelsDir,
    description: 'folder with one folder a model: NAME/model.onnx, NAME/model.json',
  },
  DEFAULT_MODEL: { description: 'name of the model that POST /predictions is for; unset: the only one' },
  LOG_LEVEL: { default: 'info', description: 'fatal, error, warn, info, debug, trace or silent' },
  DRAIN_DELAY_SECONDS: {
    default: '5',
    unit: 'seconds',
    description: 'after SIGTERM, keep accepting for this long while endpoints are withdrawn',
  },
  GRACE_PERIOD_SECONDS: {
    default: '30',
    unit: 'seconds',
    description: 'after SIGTERM, be gone by then: terminationGracePeriodSeconds of the pod',
  },
  REQUEST_TIMEOUT_SECONDS: {
    default: '15',
    unit: 'seconds',
    description: 'longest time to receive and answer one request',
  },
  MAX_BODY_BYTES: { default: '1048576', unit: 'bytes', description: 'largest request body' },
  STRICT_RANGES: { default: 'false', description: 'true refuses a value outside its valid range instead of warning' },
  INFERENCE_THREADS: {
    default: '1',
    unit: 'threads',
    description: 'threads of the ONNX runtime for one prediction; at most the CPU limit',
  },
  API_KEY: {
    description: 'when set, requests need "Authorization: Bearer KEY"; probes, metrics and documentation do not',
  },
  API_KEY_FILE: {
    default: `${apiKeyMount.dir}/${apiKeyMount.file}`,
    description: 'file that holds the API key; read again when it changes; a missing file means no key',
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;
