import type { PredictionChartProps } from '../charts/prediction-chart.ts';

/**
 * For a shared cluster, whose namespaces exist: nodes check with the registry at each start; the image has a digest. As
 * without this profile, an API key or a token is required.
 */
export const productionProfile = {
  imagePullPolicy: 'Always',
  requireDigest: true,
} as const satisfies Partial<PredictionChartProps>;
