/**
 * Synthesizes the manifests of every environment, and other charts that you add to the app: `npx rhizome synth`.
 * A third argument of `synthesize`, `(chart, environment) => …`, adds objects such as an autoscaler for
 * `chart.service`.
 */
import { App } from 'cdk8s';
import { synthesize } from 'rhizome-kit/infra';
import { environments } from './environments.ts';

const app = new App({ outdir: process.env.CDK8S_OUTDIR ?? 'charts-out' });
synthesize(app, environments);
