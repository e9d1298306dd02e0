import { Demand } from './demand.ts';

interface Load {
  readonly from: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** How many of them are accepted and served. The others are refused. */
  readonly served: number;
}

/** Sends requests at a steady rate, and returns whether that was overload in the end. */
function overloaded(demand: Demand, { from, seconds, perSecond, served }: Load): boolean {
  let accepted = 0;
  for (let request = 0; request < seconds * perSecond; request++) {
    const now = from + (request * 1000) / perSecond;
    if (accepted < (request * served) / perSecond) {
      accepted++;
      demand.accepted(now);
      demand.served(1, now);
    } else demand.refused(now);
  }
  return demand.isOverload(from + seconds * 1000);
}

test('clients that wait for their responses are no overload, however long the queue is', () => {
  const demand = new Demand();
  for (let client = 0; client < 64; client++) demand.accepted(1000);
  expect(demand.isOverload(1000)).toBe(false);
  expect(overloaded(demand, { from: 1000, seconds: 30, perSecond: 100, served: 100 })).toBe(false);
});

test('requests that arrive faster than they are served are, until that ends', () => {
  const demand = new Demand();
  expect(overloaded(demand, { from: 1000, seconds: 1, perSecond: 1000, served: 100 })).toBe(true);
  expect(overloaded(demand, { from: 2000, seconds: 10, perSecond: 80, served: 80 })).toBe(false);
});

test('a burst is no overload', () => {
  const demand = new Demand();
  expect(overloaded(demand, { from: 1000, seconds: 10, perSecond: 50, served: 50 })).toBe(false);
  for (let request = 0; request < 200; request++) demand.accepted(11_000);
  expect(demand.isOverload(11_000)).toBe(false);
});

test('clients that are refused for a moment, and send again at once, are no overload', () => {
  const demand = new Demand();
  expect(overloaded(demand, { from: 1000, seconds: 0.1, perSecond: 10_000, served: 100 })).toBe(false);
  expect(overloaded(demand, { from: 1100, seconds: 5, perSecond: 100, served: 100 })).toBe(false);
});

test('after a minute, it is tried whether more can wait', () => {
  const demand = new Demand();
  const load = { perSecond: 1000, served: 100 };
  expect(overloaded(demand, { from: 1000, seconds: 59.9, ...load })).toBe(true);
  expect(overloaded(demand, { from: 60_900, seconds: 0.2, ...load })).toBe(false);
  expect(overloaded(demand, { from: 61_100, seconds: 0.2, ...load })).toBe(true);
  expect(overloaded(demand, { from: 61_300, seconds: 59.8, ...load })).toBe(false);
  expect(overloaded(demand, { from: 121_100, seconds: 5, perSecond: 100, served: 100 })).toBe(false);
});
