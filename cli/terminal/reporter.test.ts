import { createReporter, type Output } from './reporter.ts';

function output(isTTY: boolean): Output & { text: string } {
  return {
    text: '',
    isTTY,
    columns: 40,
    write(text: string) {
      this.text += text;
    },
  };
}

test('without a terminal: plain lines, each new one once', () => {
  const out = output(false);
  const report = createReporter(out, {});
  report.step('Wait');
  report.progress(['a starting', 'b starting']);
  report.progress(['a ready', 'b starting']);
  report.done('Wait', 1.23);
  report.skipped('Load the image', 'every node has it');
  expect(out.text).toBe(
    '• Wait\n  a starting\n  b starting\n  a ready\n  ✓ Wait (1.2 s)\n  - Load the image: skipped, every node has it\n',
  );
});

test('on a terminal: progress is rewritten in place, cut to its width, and gone when the step is done', () => {
  const out = output(true);
  const report = createReporter(out, { NO_COLOR: '1' });
  report.progress(['a starting', 'x'.repeat(80)]);
  report.progress(['a ready']);
  report.done('Wait', 1);
  expect(out.text).toBe(
    `  a starting\n  ${'x'.repeat(37)}\n\u001b[2A\u001b[0J  a ready\n\u001b[1A\u001b[0J  ✓ Wait (1.0 s)\n`,
  );
});

test('a failure: what happened, what shows it, what to do', () => {
  const out = output(false);
  createReporter(out, {}).failure('It failed.', ['Event: bad'], 'Do this.');
  expect(out.text).toBe('\n✗ It failed.\n    Event: bad\n  → Do this.\n');
});

test('colour on a terminal, unless NO_COLOR is set', () => {
  const coloured = output(true);
  createReporter(coloured, {}).step('Wait');
  expect(coloured.text).toContain('\u001b[1m');
});
