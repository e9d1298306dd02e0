/** The named container ports that the service listens on. */
export const ports = { http: { name: 'http', number: 8000 }, grpc: { name: 'grpc', number: 8001 } } as const;

/** Routes that others than clients rely on: probes, scrapers, the deploy's last check. */
export const paths = {
  live: '/livez',
  ready: '/readyz',
  metrics: '/metrics',
  predictions: '/predictions',
  models: '/models',
  /** The Open Inference Protocol over REST, and all that is below it. */
  inference: '/v2',
  openapi: '/openapi.json',
  docs: '/docs',
} as const;

/** The image's layout. */
export const image = {
  workingDir: '/app',
  modelsDir: '/app/models',
  /** Numeric, and above 10,000, so that it can collide with no user of the host. */
  user: 10001,
} as const;

/** Where the Secret with the API key is mounted: a folder, so that a changed Secret is seen; the key is one file in it. */
export const apiKeyMount = { dir: '/var/run/secrets/rhizome', file: 'api-key' } as const;
