/** Bounds of histograms of durations: a tabular model takes tens of microseconds, a large one takes seconds. */
export const SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Bounds of histograms of rows. */
export const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
