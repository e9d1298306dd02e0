import { setTimeout as sleep } from 'node:timers/promises';
import type { Reporter } from './reporter.ts';
import { createSteps } from './steps.ts';

/** Records the calls, each as its name and first argument. */
function recorder(): { readonly report: Reporter; readonly calls: string[] } {
  const calls: string[] = [];
  const record =
    (name: string) =>
    (value?: unknown): void => {
      calls.push(`${name} ${String(value)}`);
    };
  const names = ['step', 'command', 'line', 'progress', 'counter', 'share', 'done', 'skipped', 'failure'];
  return { report: Object.fromEntries(names.map((name) => [name, record(name)])) as unknown as Reporter, calls };
}

test('a step that takes long counts its seconds, until it ends', async () => {
  const { report, calls } = recorder();
  const { run, times } = createSteps(report, { countAfter: 100 });
  expect(await run('Load', () => sleep(2200, 'loaded'))).toBe('loaded');
  const seconds = calls.filter((call) => /^counter \d/.test(call)).map((call) => Number(call.split(' ')[1]));
  expect(seconds[0]).toBe(0);
  expect(seconds.at(-1)).toBeGreaterThanOrEqual(2);
  expect(seconds).toEqual([...new Set(seconds)].toSorted((a, b) => a - b));
  expect(calls.slice(-3)).toEqual(['counter undefined', 'share undefined', 'done Load']);
  expect(times).toMatchObject([{ step: 'Load' }]);
  await sleep(1100);
  expect(calls.at(-1)).toBe('done Load');
});

test('a short step counts nothing; a skipped one says why', async () => {
  const { report, calls } = recorder();
  const { run, times } = createSteps(report);
  await run('Load', (skip) => {
    skip('every node already has it');
    return Promise.resolve();
  });
  expect(calls).toEqual(['step Load', 'counter undefined', 'share undefined', 'skipped Load']);
  expect(times).toMatchObject([{ step: 'Load', skipped: 'every node already has it' }]);
});

test('a step that fails stops counting', async () => {
  const { report, calls } = recorder();
  const { run, times } = createSteps(report);
  await expect(run('Load', () => Promise.reject(new Error('no space')))).rejects.toThrow('no space');
  expect(calls).toEqual(['step Load', 'counter undefined', 'share undefined']);
  expect(times).toEqual([]);
});
