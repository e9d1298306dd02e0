import type { PredictionChartProps } from '../charts/prediction-chart.ts';

/**
 * For a shared cluster, whose namespaces exist: nodes check with the registry at each start; an API key is required.
 */
export const productionProfile = {
  imagePullPolicy: 'Always',
  apiKeyOptional: false,
} as const satisfies Partial<PredictionChartProps>;
