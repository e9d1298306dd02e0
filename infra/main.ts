/**
 * Synthesizes every environment: `npx cdk8s synth`, or `CDK8S_OUTDIR=folder node infra/main.ts`.
 * RHIZOME_IMAGE, when set, is the image of `local`.
 */
import { App } from 'cdk8s';
import { PredictionChart } from './charts/prediction-chart.ts';
import { InvalidPropsError } from './constructs/invalid-props.ts';
import { environments } from './environments.ts';

const app = new App({ outdir: process.env.CDK8S_OUTDIR ?? 'charts-out' });
try {
  for (const [name, props] of Object.entries(environments(process.env.RHIZOME_IMAGE || undefined))) {
    new PredictionChart(app, name, props);
  }
  app.synth();
} catch (error) {
  if (!(error instanceof InvalidPropsError)) throw error;
  // A mistake in the values, not in the program: a stack trace would only hide the message.
  console.error(`${error.message}\nThe values are in infra/environments.ts${process.env.RHIZOME_IMAGE ? ', and the image of local in RHIZOME_IMAGE' : ''}.`);
  process.exitCode = 1;
}
