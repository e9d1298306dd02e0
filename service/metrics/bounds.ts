/** Bounds of histograms of rows. */
export const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
