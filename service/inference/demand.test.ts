import { Demand } from './demand.ts';

/** Sends requests at a steady rate, of which some are served, and returns whether that was overload in the end. */
function overloaded(demand: Demand, from: number, seconds: number, perSecond: number, served: number): boolean {
  for (let request = 0; request < seconds * perSecond; request++) {
    const now = from + (request * 1000) / perSecond;
    demand.arrived(now);
    demand.served(served / perSecond, now);
  }
  return demand.isOverload(from + seconds * 1000);
}

test('clients that wait for their responses are no overload, however long the queue is', () => {
  const demand = new Demand();
  for (let client = 0; client < 64; client++) demand.arrived(1000);
  expect(demand.isOverload(1000)).toBe(false);
  expect(overloaded(demand, 1000, 30, 100, 100)).toBe(false);
});

test('requests that arrive faster than they are served are, until that ends', () => {
  const demand = new Demand();
  expect(overloaded(demand, 1000, 1, 1000, 100)).toBe(true);
  expect(overloaded(demand, 2000, 10, 80, 80)).toBe(false);
});

test('a burst is no overload', () => {
  const demand = new Demand();
  expect(overloaded(demand, 1000, 10, 50, 50)).toBe(false);
  for (let request = 0; request < 200; request++) demand.arrived(11_000);
  expect(demand.isOverload(11_000)).toBe(false);
});
