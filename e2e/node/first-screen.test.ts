/** What a newcomer sees of `npm start`: on a terminal of 80 columns. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../suite.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/training-libraries');
/** util-linux has it; macOS has another program of the name. */
const script = spawnSync('sh', ['-c', 'script --version'], { encoding: 'utf8' }).stdout.includes('util-linux');

/** `npm start` itself prints a blank line, two lines with the script's name and command, and a blank line. */
const linesOfNpm = 4;
const mostLines = 15 - linesOfNpm;

let workspace: Workspace;
let running: ReturnType<typeof onTerminal> | undefined;
beforeEach(async () => {
  workspace = await createWorkspace();
});
afterEach(async () => {
  running?.kill('SIGINT');
  await running?.catch(() => undefined);
  running = undefined;
  await workspace.rhizome('down');
  await workspace.remove();
});

/** Runs `rhizome up` on a pseudo terminal of 80 columns. */
function onTerminal(port: number, grpcPort: number) {
  const up = `${process.execPath} cli/main.ts up --port ${port} --grpc-port ${grpcPort}`;
  return execa('script', ['--quiet', '--return', '--command', `stty cols 80 rows 50; exec ${up}`, '/dev/null'], {
    cwd: workspace.folder,
    env: { TERM: 'xterm', NO_COLOR: undefined, FORCE_COLOR: undefined },
    reject: false,
    timeout: 120_000,
    stdin: 'pipe',
    // What comes after the first screen is read from the stream.
    buffer: false,
  });
}

/** The lines that are on the screen after the output: those that were rewritten in place are gone. */
function screenOf(output: string): string[] {
  const lines: string[] = [];
  for (const line of output.replaceAll('\r', '').split('\n')) {
    let rest = line;
    for (let up; (up = /^\u001b\[(\d+)A\u001b\[0J/.exec(rest)) !== null; rest = rest.slice(up[0].length))
      lines.splice(lines.length - Number(up[1]));
    lines.push(rest);
  }
  return lines.slice(0, -1);
}

const withoutColours = (line: string): string => line.replaceAll(/\u001b\[[\d;]*m/g, '');

/** The screen when the log begins: it shows the request that is sent to the model. */
async function firstScreen(): Promise<{
  readonly screen: readonly string[];
  readonly log: string;
  readonly url: string;
}> {
  const port = await freePort();
  running = onTerminal(port, await freePort());
  let output = '';
  running.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const url = `http://localhost:${port}`;
  const until = async (text: string, meanwhile: () => Promise<unknown>): Promise<void> => {
    const deadline = performance.now() + 90_000;
    while (!output.includes(text)) {
      if (performance.now() > deadline) throw new Error(`waited 90 s for ${text}:\n${output}`);
      await meanwhile();
    }
  };
  await until('Ctrl-C stops the replicas.', () => sleep(50));
  await until('GET /models', async () => {
    await fetch(`${url}/models`);
    await sleep(500);
  });
  const screen = screenOf(output);
  const log = screen.findIndex((line) => withoutColours(line).includes('GET /models'));
  return { screen: screen.slice(0, log), log: withoutColours(screen[log] ?? ''), url };
}

const onAnyTerminal = script ? test : test.skip;

onAnyTerminal('up with one model: 15 lines at most, none of them wraps, the address first and in colour', async () => {
  const { screen, log, url } = await firstScreen();
  const lines = screen.map(withoutColours);
  expect(lines.length).toBeLessThanOrEqual(mostLines);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(screen[0]).toMatch(/^\u001b\[1m\u001b\[36mhttp:\/\/localhost:\d+\u001b\[/);
  expect(lines[0]).toContain(url);
  expect(lines[1]).toMatch(/^✓ iris 1 {2}verified in \d+ ms {2}setosa \(0\.\d{4}\)$/);
  expect(lines.filter((line) => line.includes('do not apply to local processes'))).toHaveLength(1);
  expect(lines.filter((line) => line.trimStart().startsWith('curl '))).toHaveLength(1);
  expect(log).toMatch(/^\d\d:\d\d:\d\d iris-server-\w+ GET \/models 200 [\d.]+ ms$/);
});

onAnyTerminal(
  'up with six models: as many lines at most, and the curl line that it points to runs as it is',
  async () => {
    for (const name of ['keras-mlp', 'xgboost-regressor', 'random-forest', 'isolation-forest', 'svc']) {
      await mkdir(join(workspace.folder, 'exported'), { recursive: true });
      const file = join('exported', `${name}.onnx`);
      await cp(join(fixtures, name, 'model.onnx'), join(workspace.folder, file));
      const { exitCode, stderr } = await workspace.rhizome('add', file, '--name', name);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    }
    const { screen } = await firstScreen();
    const lines = screen.map(withoutColours);
    expect(lines.length).toBeLessThanOrEqual(mostLines);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.slice(1, 6).filter((line) => line.startsWith('✓ '))).toHaveLength(4);
    expect(lines[5]).toBe('  … and 2 more, all verified');
    const command = lines.find((line) => line.endsWith(' --print-curl')) ?? '';
    const [, , ...args] = command.trim().split(' ');
    const { stdout: curl } = await workspace.rhizome(...args);
    const { stdout } = await execa('sh', ['-c', curl]);
    expect(JSON.parse(stdout)).toHaveProperty('model');
  },
);
