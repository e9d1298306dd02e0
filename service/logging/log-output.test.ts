import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

const program = (end: string, count: number): string[] => [
  process.execPath,
  join(import.meta.dirname, 'fixtures/program.ts'),
  end,
  String(count),
];

/** Starts the program with a pipe, as a container engine does. Node alone would give it a socket. */
function piped(end: string, { count = 500, sync = false, reader = 'exec cat' } = {}): ChildProcess {
  const script = `"$@" 2>/dev/null | { ${reader}; }; exit "\${PIPESTATUS[0]}"`;
  const child = spawn('bash', ['-c', script, 'bash', ...program(end, count)], {
    env: { PATH: process.env['PATH'], LOG_SYNC: String(sync) },
  });
  running.add(child);
  return child;
}

interface Outcome {
  readonly code: number | null;
  readonly lines: readonly Record<string, unknown>[];
}

async function outcome(child: ChildProcess): Promise<Outcome> {
  let text = '';
  child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: text.trimEnd().split('\n').map(parse) };
}

const parse = (line: string): Record<string, unknown> => JSON.parse(line) as Record<string, unknown>;

const numbers = (lines: Outcome['lines']): number[] => lines.map((line) => Number(line['n'] ?? line['request_id']));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test.each([
  ['the last statement', 0],
  ['process.exit', 78],
  ['an uncaught error', 1],
  ['an unhandled rejection', 1],
  ['SIGTERM with a handler', 0],
])('after %s, every line is written, in order', async (end, code) => {
  const result = await outcome(piped(end));
  expect([result.code, numbers(result.lines)]).toEqual([code, upTo(500)]);
});

test('a slow reader of more than the pipe holds gets every line at exit', async () => {
  const reader = 'read -r first; sleep 0.2; echo "$first"; cat';
  const { lines } = await outcome(piped('process.exit', { count: 3000, reader }));
  expect(numbers(lines)).toEqual(upTo(3000));
});

test('SIGKILL loses the lines that are collected; with LOG_SYNC it loses none', async () => {
  const [collected, sync] = await Promise.all([outcome(piped('SIGKILL')), outcome(piped('SIGKILL', { sync: true }))]);
  expect(numbers(sync.lines)).toEqual(upTo(500));
  expect(collected.lines.length).toBeLessThan(500);
  expect(numbers(collected.lines)).toEqual(upTo(collected.lines.length));
});

function unread(end: string, count: number, sync = false): ChildProcess {
  const [command = '', ...args] = program(end, count);
  const child = spawn(command, args, { env: { PATH: process.env['PATH'], LOG_SYNC: String(sync) } });
  running.add(child);
  return child;
}

test('if nobody reads, the service goes on, and reports the lines that it dropped', async () => {
  const child = unread('a line for each byte of standard input', 60_000);
  child.stdin!.write('.');
  await once(child.stderr!, 'data');

  let text = '';
  child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  for (const deadline = Date.now() + 10_000; !/"more".*\n/.test(text);) {
    if (Date.now() > deadline) throw new Error('no line in 10 s after the reader went on');
    child.stdin!.write('.');
    await once(child.stderr!, 'data');
  }
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n').map(parse);
  const report = lines.findIndex(({ dropped }) => dropped !== undefined);
  expect(numbers(lines.slice(0, report))).toEqual(upTo(report));
  expect(report).toBeGreaterThan(20_000);
  expect(lines[report]).toMatchObject({ level: 'warn', dropped: 60_000 - report + Number(lines[report + 1]!['more']) });
});

test.each([false, true])('if nobody reads, the process exits all the same (LOG_SYNC=%s)', async (sync) => {
  const child = unread('process.exit', 60_000, sync);
  const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number];
  expect(code).toBe(78);
});

test('with LOG_SYNC, a slow reader of more than the pipe holds gets every line, even after SIGKILL', async () => {
  const reader = 'read -r first; sleep 0.2; echo "$first"; cat';
  const { lines } = await outcome(piped('SIGKILL', { count: 3000, sync: true, reader }));
  expect(numbers(lines)).toEqual(upTo(3000));
});
