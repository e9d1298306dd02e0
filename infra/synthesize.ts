import type { App } from 'cdk8s';
import { PredictionChart, type PredictionChartProps } from './charts/prediction-chart.ts';
import { findMissingDefaultModel } from './props/checks/default-model.ts';
import { InvalidPropsError } from './props/invalid-props-error.ts';
import { recordedImage } from './props/recorded-images.ts';

/**
 * Adds a chart for each environment to the app, then writes all of the app's charts. If a prop is invalid, prints what
 * is wrong, sets exit code 1, and writes no file.
 *
 * `rhizome up` passes an image in the environment variable RHIZOME_IMAGE, which the environment in RHIZOME_ENVIRONMENT
 * gets, by default `local`. With RHIZOME_ENVIRONMENT, the images of the others need no digest: they are not deployed.
 *
 * @param environments returns the props of each environment, by name. Its argument is the image of the environment
 * `local`; undefined if it keeps its own.
 * @param extend adds objects to the chart of an environment, such as an Ingress or an autoscaler for `chart.service`
 */
export function synthesize(
  app: App,
  environments: (localImage?: string) => Readonly<Record<string, PredictionChartProps>>,
  extend?: (chart: PredictionChart, environment: string) => void,
): void {
  const image = process.env.RHIZOME_IMAGE || undefined;
  const deployed = process.env.RHIZOME_ENVIRONMENT || undefined;
  const environment = deployed ?? 'local';
  try {
    for (const [name, props] of Object.entries(environments(environment === 'local' ? image : undefined))) {
      const given = image !== undefined && name === environment ? { ...props, image } : props;
      const own =
        deployed === undefined || deployed === name ? pinned(given) : { ...pinned(given), requireDigest: false };
      const invalidProps = [...findMissingDefaultModel(own, 'models')];
      if (invalidProps.length > 0) throw new InvalidPropsError(`The environment ${name}`, invalidProps);
      const chart = new PredictionChart(app, name, own);
      extend?.(chart, name);
    }
    app.synth();
  } catch (error) {
    if (!(error instanceof InvalidPropsError)) throw error;
    const source = image ? ` The image of \`${environment}\` is set in RHIZOME_IMAGE.` : '';
    // The mistake is in the values, not in the program: a stack trace would only hide the message.
    console.error(`${error.message}\nThe values are set in infra/environments.ts.${source}`);
    process.exitCode = 1;
  }
}

/** Adds the recorded digest to the image of an environment that must have one. */
const pinned = (props: PredictionChartProps): PredictionChartProps =>
  props.requireDigest === true ? { ...props, ...recordedImage(props.image) } : props;
