/** The named container ports that the service listens on. */
export const ports = {
  http: { name: 'http', number: 8000 },
  grpc: { name: 'grpc', number: 8001 },
  /** For probes and metrics only, so that clients can neither reach them nor keep the cluster from reaching them. */
  management: { name: 'management', number: 8002 },
} as const;

/** The routes that probes, scrapers, deployments and clients rely on. */
export const paths = {
  live: '/livez',
  ready: '/readyz',
  metrics: '/metrics',
  predictions: '/predictions',
  models: '/models',
  /** The root of the Open Inference Protocol over REST. */
  inference: '/v2',
  openapi: '/openapi.json',
  docs: '/docs',
  /** A page to try the models. */
  playground: '/',
} as const;

/** Headers of requests that only this service defines. */
export const requestHeaders = {
  /** How long the caller waits for the response, in milliseconds. It can only shorten the service's own timeout. */
  timeout: 'X-Request-Timeout-Ms',
} as const;

/** The layout of the image. */
export const image = {
  workingDir: '/app',
  modelsDir: '/app/models',
  /** Numeric, and above 10,000 to avoid the ids of the host's users. */
  user: 10001,
} as const;

/** Where the Secret with the API key is mounted. It is a folder, because only then a changed Secret becomes visible. */
export const apiKeyMount = { dir: '/var/run/secrets/rhizome', file: 'api-key' } as const;

/** Where the Secrets of traces and of the payload log are mounted, by the name of their volume. */
export const telemetryMounts = {
  'tracing-headers': { dir: '/var/run/secrets/tracing', file: 'headers' },
  'payload-log-headers': { dir: '/var/run/secrets/payload-log', file: 'headers' },
  'payload-log-key': { dir: '/var/run/secrets/payload-log-key', file: 'hash-key' },
} as const;
