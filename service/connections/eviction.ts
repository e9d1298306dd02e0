/** What can be ended to make room for others: a connection or a call. */
export interface Evictable {
  /** What would be lost with it: what costs least ends first. Undefined if it is busy, and must not end. */
  readonly cost: number | undefined;
  /** Since when it has waited for its client: the smaller, the longer. Only compared if the costs are equal. */
  readonly since: number;
}

/** Returns what ends first: of those that cost least, the one that has waited longest. Undefined if all are busy. */
export function firstToEvict<T extends Evictable>(all: Iterable<T>): T | undefined {
  let first: T | undefined;
  let least = Infinity;
  for (const each of all) {
    const { cost } = each;
    if (cost === undefined || cost > least) continue;
    if (first === undefined || cost < least || each.since < first.since) first = each;
    least = cost;
  }
  return first;
}
