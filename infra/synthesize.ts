import type { App } from 'cdk8s';
import { describeShare } from './rollouts/canary.ts';
import { PredictionChart, type PredictionChartProps } from './charts/prediction-chart.ts';
import { findMissingDefaultModel } from './props/checks/default-model.ts';
import { InvalidPropsError, type InvalidProp } from './props/invalid-props-error.ts';
import { recordedImage } from './props/recorded-images.ts';
import { defaultPlatforms } from './props/resolved-props.ts';
import type { Overrides } from './rollouts/overrides.ts';
import { atStage, canaryStages, canaryStageVariable } from './rollouts/stage.ts';

/**
 * Adds a chart for each environment to the app, then writes all of the app's charts. If a prop is invalid, prints what
 * is wrong, sets exit code 1, and writes no file.
 *
 * `rhizome up` passes an image in the environment variable RHIZOME_IMAGE, which the environment in RHIZOME_ENVIRONMENT
 * gets, by default `local`. With RHIZOME_ENVIRONMENT, the images of the others need no digest: they are not deployed.
 * RHIZOME_CANARY says what to do with the canary of that environment.
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
  const stage = canaryStages.find((one) => one === process.env[canaryStageVariable]);
  try {
    for (const [name, props] of Object.entries(environments(environment === 'local' ? image : undefined))) {
      const given = name === environment ? atStage(image === undefined ? props : { ...props, image }, stage) : props;
      const own =
        deployed === undefined || deployed === name ? pinned(given) : { ...pinned(given), requireDigest: false };
      refuse(name, [...findMissingDefaultModel(own, 'models')]);
      const chart = new PredictionChart(app, name, own);
      extend?.(chart, name);
      refuse(name, [...findMissingRoutes(chart)]);
      if (chart.canary) console.log(`${name}: ${describeShare(chart.canary)}`);
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

/** Adds the recorded digests to the images of an environment that must have them, and the platforms of each image. */
function pinned(props: PredictionChartProps): PredictionChartProps {
  if (props.requireDigest !== true) return props;
  const { image, platforms } = recordedImage(props.image);
  const { canary, shadow, ...others } = props.rollout ?? {};
  return {
    ...props,
    image,
    ...(props.platforms === undefined && platforms && { platforms }),
    ...(props.rollout && {
      rollout: {
        ...others,
        ...(canary && { canary: pinnedVariant(canary, props) }),
        ...(shadow && { shadow: pinnedVariant(shadow, props) }),
      },
    }),
  };
}

/** Pins a variant with an image of its own, which may have been built for other platforms than that of its service. */
function pinnedVariant<Variant extends Pick<Overrides, 'image' | 'platforms' | 'accelerator'>>(
  variant: Variant,
  service: PredictionChartProps,
): Variant {
  if (variant.image === undefined) return variant;
  const { image, platforms = defaultPlatforms(variant.accelerator ?? service.accelerator) } = recordedImage(
    variant.image,
  );
  const isGiven = variant.platforms !== undefined || service.platforms !== undefined;
  return { ...variant, image, ...(!isGiven && { platforms }) };
}

function refuse(environment: string, invalidProps: readonly InvalidProp[]): void {
  if (invalidProps.length > 0) throw new InvalidPropsError(`The environment ${environment}`, invalidProps);
}

/** Checks that requests reach a canary that gets them from a gateway. */
function* findMissingRoutes({ service }: PredictionChart): Generator<InvalidProp> {
  if (service.split?.by !== 'gateway' || service.hasRoutes) return;
  const fix = "Add GatewayRoutes in infra/main.ts, or set split to 'pods'.";
  yield {
    prop: 'rollout.canary.split',
    value: 'gateway',
    reason: 'needs GatewayRoutes, or no request reaches it',
    fix,
  };
}
