/** How many pods a canary has, and which share of the connections they get. */
export interface Share {
  readonly pods: number;
  /** In percent, rounded to tenths. */
  readonly percent: number;
}

/** Returns the number of pods beside those of the service that gets closest to a share. */
export function nearestShare(replicas: number, weight: number): Share {
  const exact = (replicas * weight) / (100 - weight);
  const [fewer, more] = [Math.floor(exact), Math.ceil(exact)].map((pods) => shareOf(replicas, Math.max(1, pods)));
  return fewer !== undefined && Math.abs(fewer.percent - weight) <= Math.abs((more ?? fewer).percent - weight)
    ? fewer
    : (more as Share);
}

/** Returns the number of pods of the service beside which one pod of the canary gets closest to a share. */
export const replicasFor = (weight: number): number => Math.max(1, Math.round((100 - weight) / weight));

const shareOf = (replicas: number, pods: number): Share => ({
  pods,
  percent: Math.round((1000 * pods) / (replicas + pods)) / 10,
});
