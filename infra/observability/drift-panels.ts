import { defaultOutside, muchDrift, outsideShare, predictedShares, someDrift, stabilityIndex } from './drift.ts';
import type { PanelRow, Threshold } from './panel.ts';

/** The dashboard's variable with the time over which values are compared. */
const window = '$window';

/**
 * Returns the panels about the values that models get and predict.
 *
 * @param matchers select the service's pods and the chosen models
 */
export function driftPanels(matchers: string): PanelRow {
  const indexThresholds: readonly Threshold[] = [
    { from: someDrift, color: 'orange' },
    { from: muchDrift, color: 'red' },
  ];
  return {
    title: 'Drift',
    panels: [
      {
        title: 'Values out of range',
        description: "Share of each feature's values outside its range or choices, over the chosen window.",
        type: 'timeseries',
        unit: 'percentunit',
        thresholds: [{ from: defaultOutside, color: 'red' }],
        queries: [{ expr: outsideShare(matchers, window), legend: '{{model}} {{version}} {{feature}}' }],
      },
      {
        title: 'Drift of features',
        description:
          'Population stability index against the training data, over the chosen window. Above 0.1, the values are ' +
          'distributed somewhat differently; above 0.25, much.',
        type: 'timeseries',
        unit: 'none',
        thresholds: indexThresholds,
        queries: [{ expr: stabilityIndex('features', matchers, window), legend: '{{model}} {{version}} {{feature}}' }],
      },
      {
        title: 'Predictions',
        description: 'Share of each class, or interval of numbers, over the chosen window.',
        type: 'timeseries',
        unit: 'percentunit',
        queries: [{ expr: predictedShares(matchers, window), legend: '{{model}} {{bin}}' }],
      },
      {
        title: 'Drift of predictions',
        description:
          'Population stability index against the predictions for the training data, over the chosen window.',
        type: 'timeseries',
        unit: 'none',
        thresholds: indexThresholds,
        queries: [{ expr: stabilityIndex('predictions', matchers, window), legend: '{{model}} {{version}}' }],
      },
    ],
  };
}
