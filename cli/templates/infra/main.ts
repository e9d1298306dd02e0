/**
 * Synthesizes every environment: `npx cdk8s synth`. Any other chart may be added to the app.
 * RHIZOME_IMAGE, when set, is the image of `local`: `rhizome up` sets it.
 */
import { App } from 'cdk8s';
import { InvalidPropsError, PredictionChart } from 'rhizome-kit/infra';
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
