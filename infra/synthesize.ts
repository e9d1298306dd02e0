import type { App } from 'cdk8s';
import { PredictionChart, type PredictionChartProps } from './charts/prediction-chart.ts';
import { InvalidPropsError } from './props/invalid-props-error.ts';

/**
 * Adds a chart an environment to the app, and writes all of its charts: what infra/main.ts is for. `rhizome up` sets
 * RHIZOME_IMAGE, the image of `local`. A value that would not work is a message and exit code 1, and no file is written.
 */
export function synthesize(
  app: App,
  environments: (localImage?: string) => Readonly<Record<string, PredictionChartProps>>,
): void {
  const { RHIZOME_IMAGE: image } = process.env;
  try {
    for (const [name, props] of Object.entries(environments(image || undefined))) new PredictionChart(app, name, props);
    app.synth();
  } catch (error) {
    if (!(error instanceof InvalidPropsError)) throw error;
    // A mistake in the values, not in the program: a stack trace would only hide the message.
    console.error(
      `${error.message}\nThe values are in infra/environments.ts${image ? ', and the image of local in RHIZOME_IMAGE' : ''}.`,
    );
    process.exitCode = 1;
  }
}
