import { apiKeyMount, image, ports } from './endpoints.ts';
import { telemetryVariables } from './telemetry-variables.ts';
import { booleans, type Variable } from './variable.ts';

const placements = ['auto', 'event-loop', 'process'] as const;

export const variables = {
  PORT: { default: String(ports.http.number), description: 'TCP port for HTTP; 0 selects a free port' },
  GRPC_PORT: { description: 'TCP port for the Open Inference Protocol over gRPC; if unset, gRPC is off' },
  MANAGEMENT_PORT: {
    description: 'TCP port for /livez, /readyz and /metrics alone; if unset, PORT serves them',
  },
  PUBLIC_PROBES: {
    values: booleans,
    description: 'whether PORT serves /livez, /readyz and /metrics; if unset, only without MANAGEMENT_PORT',
  },
  PUBLIC_DOCS: {
    default: 'true',
    values: booleans,
    description: 'whether /docs and /openapi.json, which describe the models, need no API key',
  },
  PLAYGROUND: {
    default: 'true',
    values: booleans,
    description:
      'whether / is a page to try the models, which needs no API key itself, and responses say which replica sent them',
  },
  HOST: { default: '0.0.0.0', description: 'address to listen on' },
  MODELS_DIR: {
    default: image.modelsDir,
    description: 'folder with one folder per model: NAME/model.onnx, NAME/model.json',
  },
  DEFAULT_MODEL: { description: 'model that POST /predictions uses; if unset, the only model' },
  LOG_LEVEL: {
    default: 'info',
    values: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    description: 'fatal, error, warn, info, debug, trace or silent',
  },
  LOG_SYNC: {
    default: 'false',
    values: booleans,
    description: 'if true, each log line is written at once; if false, lines are collected for 0.1 seconds under load',
  },
  DRAIN_DELAY_SECONDS: {
    default: '5',
    unit: 'seconds',
    description: 'how long to accept connections after SIGTERM, while the cluster removes the endpoint',
  },
  GRACE_PERIOD_SECONDS: {
    default: '30',
    unit: 'seconds',
    description: 'when to have exited after SIGTERM; the same as terminationGracePeriodSeconds of the pod',
  },
  REQUEST_TIMEOUT_SECONDS: {
    default: '15',
    unit: 'seconds',
    description: 'longest time to receive and process one request',
  },
  MAX_CONNECTIONS: {
    default: '2048',
    unit: 'connections',
    description: 'most connections; a further one replaces the one that has been idle longest',
  },
  MAX_BODY_BYTES: {
    unit: 'bytes',
    description:
      'largest request body; if unset, 1 MiB, or what one row of the largest model that is served takes as JSON, ' +
      'but no more than 16 MiB',
  },
  MAX_RESPONSE_BYTES: {
    unit: 'bytes',
    description: 'largest response of a model; if unset, 16 MiB, and at least two of the largest bodies that are set',
  },
  MAX_IN_FLIGHT_BYTES: {
    unit: 'bytes',
    description:
      'most bytes of request bodies, and of unread responses, in memory; if unset, 64 MiB, and at least two of the ' +
      'largest bodies',
  },
  STRICT_RANGES: {
    default: 'false',
    values: booleans,
    description: 'if true, values outside their valid range or choices are rejected instead of causing a warning',
  },
  DRIFT_SAMPLE: {
    default: '0',
    unit: 'share of rows',
    description: 'how many of the predicted rows the drift metrics count, from 0 (off) to 1 (every row)',
  },
  SHADOW_URL: {
    description: 'base URL of a service that gets copies of requests; if unset, none does',
  },
  SHADOW_SAMPLE: { default: '0.1', description: 'share of the requests that SHADOW_URL gets copies of, from 0 to 1' },
  SHADOW_TOLERANCE: {
    default: '0.0001',
    description: 'relative difference up to which two numbers of the service and of SHADOW_URL count as the same',
  },
  INFERENCE_THREADS: {
    unit: 'threads',
    description: "threads that one run of a model uses; if unset, the container's CPU limit, rounded up",
  },
  INFERENCE_MEMORY_BYTES: {
    unit: 'bytes',
    description:
      "most memory of one inference process; if unset, half of the container's limit, or all but 512 MiB of it " +
      'if that is more',
  },
  EXECUTION_PROVIDER: {
    default: 'cpu',
    values: ['cpu', 'cuda'],
    description:
      'what runs the operators of models: cpu, or cuda, which needs an NVIDIA GPU and an image with the CUDA libraries',
  },
  PLACEMENT: {
    default: 'auto',
    values: placements,
    description:
      'where models run: event-loop, process (each in a process of its own), or auto, which decides by measuring; ' +
      'models that may not end or may crash always run in a process',
  },
  MAX_BATCH: {
    unit: 'rows',
    description: 'most rows of one run of a model; if unset, measured for each model; 1 turns batching off',
  },
  MAX_BATCH_DELAY_MS: {
    default: '0',
    unit: 'milliseconds',
    description: 'how long a request may wait for others to share its run; busy models batch without it',
  },
  MAX_QUEUE_ROWS: {
    unit: 'rows',
    description: 'most rows that may wait for a model; if unset, derived from the measured time of its runs',
  },
  MAX_QUEUE_BYTES: {
    unit: 'bytes',
    description: 'most bytes that may wait for a model; if unset, 64 MiB, and at least two of the largest bodies',
  },
  API_KEY: {
    description:
      'if set, requests need "Authorization: Bearer KEY", except for probes, metrics and, unless PUBLIC_DOCS is ' +
      'false, documentation; ' +
      'if it is blank, the service does not start',
  },
  API_KEY_FILE: {
    default: `${apiKeyMount.dir}/${apiKeyMount.file}`,
    description:
      'file with the API key, or several, one a line, read again when it changes; if it is set, a missing file ' +
      'closes the service; if it is unset and there is no such file at the start, no key is required',
  },
  JWT_ISSUER: {
    description:
      'if set, requests need a JSON Web Token of this issuer (iss), or the API key if there is one; needs ' +
      'JWT_AUDIENCE and JWT_JWKS_URL',
  },
  JWT_AUDIENCE: { description: 'the audience (aud) that tokens must be for' },
  JWT_JWKS_URL: { description: 'https URL of the key set that verifies tokens, which is fetched again regularly' },
  JWT_JWKS_INSECURE: {
    default: 'false',
    values: booleans,
    description: 'if true, JWT_JWKS_URL may begin with http:// though it is not on this machine',
  },
  JWT_ALGORITHMS: {
    default: 'RS256,ES256',
    description: 'algorithms that tokens may be signed with, only those with a public key, with commas between them',
  },
  JWT_LEEWAY_SECONDS: {
    default: '30',
    unit: 'seconds',
    description: 'by how much the clock of the issuer may differ',
  },
  ...telemetryVariables,
} as const satisfies Record<string, Variable>;

export type { Variable };
export type VariableName = keyof typeof variables;
