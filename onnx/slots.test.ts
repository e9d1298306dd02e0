import { NoSlotError, Slots } from './slots.ts';

test('work that waits for a slot ends at its deadline, and the others keep their order', async () => {
  const slots = new Slots(1);
  const first = Promise.withResolvers<string>();
  const done: string[] = [];
  const use = (name: string, deadline?: number): Promise<void> =>
    slots.use(async () => {
      done.push(name);
      await Promise.resolve();
    }, deadline);
  const running = slots.use(() => first.promise);
  const second = use('second', performance.now() + 60_000);
  const late = use('late', performance.now() + 20);
  const third = use('third');
  // The slot is still taken.
  await expect(late).rejects.toThrow(NoSlotError);
  expect(done).toEqual([]);
  first.resolve('first');
  await expect(running).resolves.toBe('first');
  await Promise.all([second, third]);
  expect(done).toEqual(['second', 'third']);
});
