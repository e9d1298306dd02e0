import type { PredictionChartProps } from '../charts/prediction-chart.ts';

/**
 * For a shared cluster, whose namespaces exist: nodes check with the registry at each start; the image has a digest; an
 * API key is required.
 */
export const productionProfile = {
  imagePullPolicy: 'Always',
  requireDigest: true,
  apiKeyOptional: false,
} as const satisfies Partial<PredictionChartProps>;
