import { tmpdir } from 'node:os';
import { Interrupted } from '../failure.ts';
import { createReporter } from '../terminal/reporter.ts';
import { CommandFailed, exec, type ExecContext } from './exec.ts';
import { quote } from './quote.ts';
import { MissingTool } from './tool.ts';

function recorder(
  signal: AbortSignal = new AbortController().signal,
): ExecContext & { readonly written: () => string } {
  let written = '';
  const report = createReporter({
    write: (text) => {
      written += text;
    },
  });
  return { root: process.cwd(), report, signal, written: () => written };
}

const node = (script: string): string[] => [process.execPath, '-e', script];

test('quotes only what a shell would interpret', () => {
  expect(quote(['docker', 'build', '--tag', 'iris-server:v0.1.0', '.'])).toBe(
    'docker build --tag iris-server:v0.1.0 .',
  );
  expect(quote(['echo', `it's $HOME`, ''])).toBe(String.raw`echo 'it'\''s $HOME' ''`);
});

test('prints the command with its environment and returns its output', async () => {
  const context = recorder();
  const output = await exec(context, ['sh', '-c', 'echo "$GREETING"'], { env: { GREETING: 'hello you' } });
  expect(output).toBe('hello you');
  expect(context.written()).toBe(`  $ GREETING='hello you' sh -c 'echo "$GREETING"'\n`);
});

test('if the root is another folder, prints `cd` once, before the first command', async () => {
  const context = { ...recorder(), root: tmpdir() };
  await exec(context, ['true']);
  await exec(context, ['true']);
  expect(context.written()).toBe(`  $ cd ${tmpdir()}\n  $ true\n  $ true\n`);
});

test('streams each line and passes it to onLine', async () => {
  const context = recorder();
  const lines: string[] = [];
  await exec(context, node('console.log("one"); console.error("two")'), {
    quiet: true,
    stream: true,
    onLine: (line) => lines.push(line),
  });
  expect(lines.toSorted()).toEqual(['one', 'two']);
  expect(context.written().split('\n').toSorted()).toEqual(['', '  one', '  two']);
});

test('a failure contains the command, the exit code, the last lines and the hint', async () => {
  const script = 'for (let i = 1; i <= 30; i++) console.error(`line ${i}`); process.exitCode = 3;';
  const failed = exec(recorder(), node(script), { hint: 'Try again.' });
  await expect(failed).rejects.toBeInstanceOf(CommandFailed);
  const error = (await failed.catch((caught: unknown) => caught as CommandFailed)) as CommandFailed;
  expect(error.code).toBe(3);
  expect(error.message).toContain(`failed (exit code 3): ${quote(node(script))}`);
  expect(error.details).toHaveLength(20);
  expect(error.details.at(-1)).toBe('line 30');
  expect(error.hint).toBe('Try again.');
  expect(error.cause).toBeDefined();
});

test('stops a command after its timeout', async () => {
  const failed = exec(recorder(), ['sleep', '30'], { timeout: 200 });
  await expect(failed).rejects.toMatchObject({
    name: 'CommandFailed',
    message: 'This command failed (timeout): sleep 30',
  });
});

test('an error names a missing program, its purpose and where to get it', async () => {
  await expect(exec(recorder(), ['kind-that-nobody-has'])).rejects.toBeInstanceOf(MissingTool);
  expect(new MissingTool('kind').message).toBe(
    '`kind` is not installed, or not on the PATH; it creates a Kubernetes cluster from containers.',
  );
  expect(new MissingTool('kind').hint).toContain('https://kind.sigs.k8s.io/');
});

test("Ctrl-C ends the command, which fails with the signal's reason", async () => {
  const controller = new AbortController();
  const reason = new Interrupted('SIGINT');
  const started = Date.now();
  const running = exec(recorder(controller.signal), node('console.log("up"); setInterval(() => {}, 1000)'), {
    onLine: () => {
      controller.abort(reason);
    },
  });
  await expect(running).rejects.toBe(reason);
  expect(Date.now() - started).toBeLessThan(3000);
  await expect(exec(recorder(controller.signal), ['true'])).rejects.toBe(reason);
});
