import type { Alert } from './alert.ts';
import { counted, outsideShare, stabilityIndex, type Drifting } from './drift.ts';
import { podMatchers, type MonitoredService } from './promql.ts';

/** With fewer values, chance moves the shares of bins. */
const fewest = { share: 100, index: 500 };
const windows = { share: '1h', index: '6h' };

const value = '{{ $value | humanizePercentage }}';
const index = '{{ printf "%.2f" $value }}';
const model = 'version {{ $labels.version }} of the model {{ $labels.model }}';

/** The alerts of a service whose setting DRIFT_SAMPLE turns the drift metrics on. */
export const driftAlerts = {
  RhizomeFeatureOutOfRange: {
    severity: 'warning',
    needs: 'drift',
    forSeconds: 900,
    summary: 'A model often gets values that it is not meant for.',
    description: `${value} of the values of {{ $labels.feature }} are outside its range or choices, of ${model}.`,
    expression: (service, { drift }) => {
      const own = podMatchers(service);
      return (
        `${outsideShare(own, windows.share)} > ${drift.outside}\n` +
        `and\n${counted('features', own, windows.share)} > ${fewest.share}`
      );
    },
  },
  RhizomeFeatureDrift: {
    severity: 'warning',
    needs: 'drift',
    forSeconds: 1800,
    summary: 'The values of a feature are distributed otherwise than in the training data.',
    description: `The population stability index of {{ $labels.feature }} is ${index} over six hours, of ${model}.`,
    expression: (service, { drift }) => drifted(service, 'features', drift.stabilityIndex),
  },
  RhizomePredictionDrift: {
    severity: 'warning',
    needs: 'drift',
    forSeconds: 1800,
    summary: 'The predictions of a model are distributed otherwise than those for the training data.',
    description: `The population stability index is ${index} over six hours, of ${model}.`,
    expression: (service, { drift }) => drifted(service, 'predictions', drift.stabilityIndex),
  },
} as const satisfies Readonly<Record<string, Alert>>;

function drifted(service: MonitoredService, what: Drifting, limit: number): string {
  const own = podMatchers(service);
  return (
    `${stabilityIndex(what, own, windows.index)} > ${limit}\n` +
    `and\n${counted(what, own, windows.index)} > ${fewest.index}`
  );
}
