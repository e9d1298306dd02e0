import type { PredictionChartProps } from '../charts/prediction-chart.ts';

/** For a cluster that others use too: the registry is asked at each start, the key must exist, requests go before batch work. */
export const productionProfile = {
  imagePullPolicy: 'Always',
  apiKeyOptional: false,
  priority: 1000,
} as const satisfies Partial<PredictionChartProps>;
