/** What a newcomer sees of `npm start`: on a terminal of 80 columns. */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { rhizomeOnTerminal, screenOf, testOnTerminal, withoutColours } from '../pseudo-terminal.ts';
import { freePort } from '../suite.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/training-libraries');
/** `npm start` itself prints a blank line, two lines with the script's name and command, and a blank line. */
const linesOfNpm = 4;
const mostLines = 15 - linesOfNpm;

let workspace: Workspace;
let running: ReturnType<typeof rhizomeOnTerminal> | undefined;
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

/** The screen when the log begins: it shows the request that is sent to the model. */
async function firstScreen(): Promise<{
  readonly screen: readonly string[];
  readonly log: string;
  readonly url: string;
}> {
  const port = await freePort();
  const grpcPort = await freePort();
  running = rhizomeOnTerminal(workspace.folder, 'up', '--port', String(port), '--grpc-port', String(grpcPort));
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
  const lines = screen.map(withoutColours);
  // A replica writes its log in batches: the line of the last verification may come after the screen.
  const begin = lines.findIndex((line) => /^\d\d:\d\d:\d\d iris-server-/.test(line));
  return {
    screen: screen.slice(0, begin),
    log: lines.find((line) => line.includes('GET /models')) ?? '',
    url,
  };
}

testOnTerminal('up with one model: 15 lines at most, none of them wraps, the address first and in colour', async () => {
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

testOnTerminal(
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
