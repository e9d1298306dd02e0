/**
 * Returns when requests arrive, in milliseconds from the start: as a Poisson process of a rate, which is how
 * independent clients arrive. The times do not depend on the responses, so a server that is slow is not asked less.
 */
export function poissonArrivals(rate: number, seconds: number, random: () => number): Float64Array {
  const arrivals: number[] = [];
  for (let at = 0; ;) {
    at += (-Math.log(1 - random()) * 1000) / rate;
    if (at >= seconds * 1000) return Float64Array.from(arrivals);
    arrivals.push(at);
  }
}

/** Merges schedules into one, in the order of time. */
export function mergeArrivals(
  schedules: readonly Float64Array[],
): readonly { readonly at: number; readonly target: number }[] {
  return schedules
    .flatMap((schedule, target) => Array.from(schedule, (at) => ({ at, target })))
    .sort((a, b) => a.at - b.at);
}
