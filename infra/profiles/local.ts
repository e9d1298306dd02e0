import type { PredictionChartProps } from '../charts/prediction-chart.ts';

/**
 * For a cluster on your machine: the namespace is created, images are loaded instead of pulled, no API key is required,
 * `/readyz` and `/metrics` are at the Service too, `/` is the playground, and rollouts fail fast.
 */
export const localProfile = {
  createNamespace: true,
  imagePullPolicy: 'IfNotPresent',
  unauthenticated: 'a cluster on your machine',
  publicProbes: true,
  publicDocs: true,
  playground: true,
  startupSeconds: 60,
  minReadySeconds: 2,
  progressDeadlineSeconds: 120,
} as const satisfies Partial<PredictionChartProps>;
