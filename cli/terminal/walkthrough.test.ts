import { PassThrough } from 'node:stream';
import { Stopped } from '../failure.ts';
import type { Reporter } from './reporter.ts';
import { createSteps } from './steps.ts';
import { createWalkthrough } from './walkthrough.ts';

const build = { title: 'Build', why: 'An image has all that a pod runs.' };

function start() {
  const shown: string[] = [];
  const show =
    (name: string) =>
    (value?: string | number | readonly string[]): void => {
      // Undefined removes a counter or a bar.
      if (value !== undefined) shown.push(`${name} ${[value].flat().join()}`);
    };
  const names = ['step', 'command', 'line', 'progress', 'counter', 'share', 'done', 'skipped', 'failure'];
  const given = Object.fromEntries(names.map((name) => [name, show(name)])) as unknown as Reporter;
  const input = new PassThrough();
  const stop = new AbortController();
  const walkthrough = createWalkthrough(given, { input, write: show('ask'), signal: stop.signal });
  const { run } = createSteps(walkthrough.report, { walkthrough });
  return { shown, input, stop, walkthrough, run };
}

test('says why, and pauses once: before the first command', async () => {
  const { shown, input, walkthrough, run } = start();
  const step = run(build, async () => {
    for (const command of ['docker build .', 'docker tag']) {
      walkthrough.report.command(command);
      await walkthrough.pause();
    }
    return 'built';
  });
  input.write('\n');
  expect(await step).toBe('built');
  expect(shown).toEqual([
    'step Build',
    'line An image has all that a pod runs.',
    'command docker build .',
    'ask   Enter continues, q and Enter stops: ',
    'command docker tag',
    'done Build',
  ]);
});

test('commands that run at the same time wait for the same answer', async () => {
  const { shown, input, walkthrough, run } = start();
  const both = run(build, () =>
    Promise.all(
      ['curl a', 'curl b'].map(async (command) => {
        walkthrough.report.command(command);
        await walkthrough.pause();
        shown.push(`ran ${command}`);
      }),
    ),
  );
  await new Promise(setImmediate);
  expect(shown.slice(-2)).toEqual(['command curl a', 'ask   Enter continues, q and Enter stops: ']);
  input.write('\n');
  await both;
  expect(shown.slice(4)).toEqual(['command curl b', 'ran curl a', 'ran curl b', 'done Build']);
});

test('pauses before a step that runs no command; what happens meanwhile is shown afterwards', async () => {
  const { shown, input, walkthrough, run } = start();
  const step = run({ ...build, pauseFirst: true }, () => {
    shown.push('works');
    return Promise.resolve();
  });
  walkthrough.report.progress(['a replica started']);
  walkthrough.report.line('a line');
  walkthrough.report.counter(3);
  expect(shown.at(-1)).toBe('ask   Enter continues, q and Enter stops: ');
  input.write('\n');
  await step;
  expect(shown.slice(3)).toEqual(['progress a replica started', 'line a line', 'works', 'done Build']);
});

test('a step without anything to run, and one of another command, do not pause', async () => {
  const { shown, run } = start();
  await run(build, (skip) => {
    skip('nothing to do');
    return Promise.resolve();
  });
  await run('Other', () => Promise.resolve());
  expect(shown.filter((each) => each.startsWith('ask'))).toEqual([]);
});

test.each([
  ['q', (input: PassThrough) => input.write('q\n')],
  ['the end of the input', (input: PassThrough) => input.end()],
])('%s stops before the command runs', async (_, type) => {
  const { input, walkthrough, run } = start();
  let ran = false;
  const step = run(build, async () => {
    await walkthrough.pause();
    ran = true;
  });
  type(input);
  await expect(step).rejects.toThrow(Stopped);
  await expect(step).rejects.toThrow('Stopped before the step "Build" did anything.');
  expect(ran).toBe(false);
});

test('Ctrl-C ends a pause with its own reason', async () => {
  const { stop, walkthrough, run } = start();
  const reason = new Error('Interrupted by SIGINT.');
  const step = run(build, () => walkthrough.pause());
  stop.abort(reason);
  await expect(step).rejects.toBe(reason);
});
