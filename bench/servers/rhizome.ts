import { join } from 'node:path';
import { containerEnvironment } from '../../cli/local/replica/environment.ts';
import { readWorkload, servedDeployment, servingContainer } from '../../cli/local/manifests/workload.ts';
import { root } from '../models/model-cache.ts';
import { imageLayout } from './image-layout.ts';
import type { ServerSpec } from './server.ts';

export interface RhizomeOptions {
  readonly modelsDir: string;
  /** Settings that differ from the manifests'. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A folder that contains `service/main.ts` of another version. @default this version, as the image has it */
  readonly sources?: string;
  /** @default `Rhizome` */
  readonly name?: string;
}

/** The service as the production manifests run it, with everything on: access log, metrics, validation, gRPC. */
export function rhizome({ modelsDir, settings, sources, name = 'Rhizome' }: RhizomeOptions): ServerSpec {
  return {
    name,
    readyPath: '/readyz',
    start: async ({ http, grpc }) => ({
      command: [process.execPath, sources === undefined ? 'service/main.js' : 'service/main.ts'],
      cwd: sources ?? (await imageLayout()),
      env: {
        ...manifestEnvironment(sources ?? root),
        NODE_ENV: 'production',
        ORT_DISABLE_TELEMETRY: '1',
        PORT: String(http),
        GRPC_PORT: String(grpc),
        // Several servers run at once, and are asked at the public port whether they are ready.
        MANAGEMENT_PORT: '0',
        PUBLIC_PROBES: 'true',
        MODELS_DIR: modelsDir,
        ...settings,
      },
    }),
  };
}

/** Returns the environment of the container in the production manifests of some version. */
function manifestEnvironment(sources: string): Readonly<Record<string, string>> {
  const manifests = readWorkload(join(sources, 'charts-out/production.k8s.yaml'));
  const deployment = servedDeployment(manifests);
  if (deployment === undefined) throw new Error('charts-out/production.k8s.yaml has no Deployment');
  const { container } = servingContainer(deployment, undefined);
  const { NODE_COMPILE_CACHE: _, ...environment } = containerEnvironment(
    container,
    manifests,
    { name: 'bench', namespace: 'bench' },
    root,
  );
  return environment;
}
