import { briefReporter, createReporter, withoutCommands } from './reporter.ts';
import type { Output } from './style.ts';

function output(isTTY: boolean, columns = 40): Output & { text: string } {
  return {
    text: '',
    isTTY,
    columns,
    write(text: string) {
      this.text += text;
    },
  };
}

test('without a terminal: plain lines, each new one once, and no counter', () => {
  const out = output(false);
  const report = createReporter(out, {});
  report.step('Wait');
  report.progress(['a starting', 'b starting']);
  report.progress(['a ready', 'b starting']);
  report.counter(3);
  report.share(0.5);
  report.done('Wait', 1.23);
  report.skipped('Load the image', 'every node already has it');
  expect(out.text).toBe(
    '• Wait\n  a starting\n  b starting\n  a ready\n  ✓ Wait (1.2 s)\n' +
      '  - Load the image: skipped, every node already has it\n',
  );
});

test('on a terminal: progress is rewritten in place, cut to the width, and gone when the step is done', () => {
  const out = output(true);
  const report = createReporter(out, { NO_COLOR: '1' });
  report.progress(['a starting', 'x'.repeat(80)]);
  report.progress(['a ready']);
  report.done('Wait', 1);
  expect(out.text).toBe(
    `  a starting\n  ${'x'.repeat(37)}\n\u001b[2A\u001b[0J  a ready\n\u001b[1A\u001b[0J  ✓ Wait (1.0 s)\n`,
  );
});

test('on a pseudo-terminal that does not know its width: 80 columns', () => {
  const out = output(true, 0);
  createReporter(out, { NO_COLOR: '1' }).progress(['x'.repeat(90)]);
  expect(out.text).toBe(`  ${'x'.repeat(77)}\n`);
});

test('on a terminal: the counter is a line below the progress, and is erased', () => {
  const out = output(true);
  const report = createReporter(out, { NO_COLOR: '1' });
  report.progress(['loading']);
  report.counter(2);
  report.counter(2);
  report.counter(3);
  report.counter(undefined);
  report.progress([]);
  expect(out.text).toBe(
    [
      '  loading\n',
      '\u001b[1A\u001b[0J  loading\n  ⠹ 2 s\n',
      '\u001b[2A\u001b[0J  loading\n  ⠸ 3 s\n',
      '\u001b[2A\u001b[0J  loading\n',
      '\u001b[1A\u001b[0J',
    ].join(''),
  );
});

test('on a terminal: a bar beside the counter, as soon as there is one', () => {
  const out = output(true);
  const report = createReporter(out, { NO_COLOR: '1' });
  report.share(0.25);
  expect(out.text).toBe('');
  report.counter(2);
  report.share(1.5);
  report.share(undefined);
  expect(out.text.split(/\u001b\[1A\u001b\[0J/)).toEqual([
    `  ⠹ 2 s  ${'━'.repeat(6)}${'─'.repeat(18)} 25%\n`,
    `  ⠹ 2 s  ${'━'.repeat(24)} 100%\n`,
    '  ⠹ 2 s\n',
  ]);
});

test('on a terminal: an amount instead of the percentage, or alone; the same bar is not drawn again', () => {
  const out = output(true, 80);
  const report = createReporter(out, { NO_COLOR: '1' });
  report.counter(2);
  report.share(0.5, '100 of about 200 MB');
  report.share(0.5, '100 of about 200 MB');
  report.share(undefined, '412 packages');
  expect(out.text.split(/\u001b\[1A\u001b\[0J/)).toEqual([
    '  ⠹ 2 s\n',
    `  ⠹ 2 s  ${'━'.repeat(12)}${'─'.repeat(12)} 100 of about 200 MB\n`,
    '  ⠹ 2 s  412 packages\n',
  ]);
});

test('a failure: what happened, the details, what to do', () => {
  const out = output(false);
  createReporter(out, {}).failure('It failed.', ['Event: bad'], 'Do this.');
  expect(out.text).toBe('\n✗ It failed.\n    Event: bad\n  → Do this.\n');
});

test.each([
  [true, {}, true],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [true, { TERM: 'dumb' }, false],
  [false, {}, false],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
])('terminal %s with %j: colour %s', (isTTY, env, coloured) => {
  const out = output(isTTY);
  createReporter(out, env).step('Wait');
  expect(out.text).toBe(coloured ? '\u001b[1m• Wait\u001b[22m\n' : '• Wait\n');
});

test('FORCE_COLOR rewrites nothing in place without a terminal', () => {
  const out = output(false);
  const report = createReporter(out, { FORCE_COLOR: '1' });
  report.progress(['a starting']);
  report.progress(['a ready']);
  expect(out.text).toBe('  a starting\n  a ready\n');
});

test('brief: on a terminal only the current step is shown, and nothing of it stays', () => {
  const out = output(true);
  const report = briefReporter(createReporter(out, { NO_COLOR: '1' }));
  report.step('Wait');
  report.command('kubectl get pods');
  report.progress(['a starting']);
  report.done('Wait', 1);
  expect(out.text).toBe('  Wait\n\u001b[1A\u001b[0J  Wait\n    a starting\n\u001b[2A\u001b[0J');
});

test('withoutCommands: the rest is shown', () => {
  const out = output(false);
  const report = withoutCommands(createReporter(out, {}));
  report.step('Predict');
  report.command('curl http://localhost');
  report.line('right');
  expect(out.text).toBe('• Predict\n  right\n');
});

test('what a server or another program wrote cannot control the terminal', () => {
  const out = output(true);
  const report = createReporter(out, { NO_COLOR: '1' });
  const hostile = '\u001b]52;c;AAAA\u0007\u009b2J';
  report.step(hostile);
  report.command(hostile);
  report.line(hostile);
  report.done(hostile, 1);
  report.skipped('Step', hostile);
  report.failure(hostile, [`\u001b[31m${hostile}`], hostile);
  expect(out.text).not.toMatch(/[^\P{Cc}\n]/u);
  expect(out.text.split(String.raw`\u001b]52;c;AAAA\u0007\u009b2J`)).toHaveLength(9);
  report.progress([hostile]);
  expect(out.text).not.toMatch(/[^\P{Cc}\n]/u);
});
