import type { PredictionChartProps } from '../charts/prediction-chart.ts';

/**
 * For a shared cluster: nodes check with the registry at each start, an API key is required, and the pods take
 * precedence over batch work.
 */
export const productionProfile = {
  imagePullPolicy: 'Always',
  apiKeyOptional: false,
  priority: 1000,
} as const satisfies Partial<PredictionChartProps>;
