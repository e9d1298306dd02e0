/**
 * Synthesizes the manifests of every environment. Run it as `npm run synth`, or `CDK8S_OUTDIR=folder node
 * infra/main.ts`.
 */
import { App } from 'cdk8s';
import { environments } from './environments.ts';
import { synthesize } from './synthesize.ts';

const app = new App({ outdir: process.env.CDK8S_OUTDIR ?? 'charts-out' });
synthesize(app, environments);
