import type { PredictionChartProps } from '../charts/prediction-chart.ts';

/** For one machine: the image is loaded, not pulled; no key is asked for; a rollout that fails says so soon. */
export const localProfile = {
  imagePullPolicy: 'IfNotPresent',
  apiKeyOptional: true,
  startupSeconds: 60,
  minReadySeconds: 2,
  progressDeadlineSeconds: 120,
} as const satisfies Partial<PredictionChartProps>;
