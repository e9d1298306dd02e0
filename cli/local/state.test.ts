import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ended, identify, isRunning, type ProcessId } from './replica/process-id.ts';
import { localPaths, readState, type RuntimeState, writeState } from './state.ts';
import { stopLocal } from './stop.ts';

let root: string;
const undo: (() => void)[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rhizome-state-'));
});
afterEach(() => {
  for (const step of undo.splice(0)) step();
  rmSync(root, { recursive: true, force: true });
});

/** A process that runs in a folder. */
function run(folder: string): ProcessId {
  const child = spawn('sleep', ['60'], { cwd: folder, detached: true });
  undo.push(() => child.kill('SIGKILL'));
  return identify(child.pid!)!;
}

const gone: ProcessId = { pid: 999_999, started: 'long ago' };
const state = (supervisor: ProcessId, replica: ProcessId, name = 'web-a'): RuntimeState => ({
  supervisor,
  url: 'http://localhost:1',
  graceSeconds: 1,
  replicas: [{ status: { name, ready: true, restarts: 0 }, process: replica }],
});
const mode = (path: string): number => statSync(path).mode & 0o777;

test('only this user can read and write the files', async () => {
  const { folder, state: path } = localPaths(root);
  // As earlier versions made them.
  mkdirSync(folder, { recursive: true, mode: 0o777 });
  chmodSync(folder, 0o777);
  writeFileSync(`${path}.new`, '', { mode: 0o666 });
  writeState(root, state(gone, gone));
  expect([mode(dirname(folder)), mode(folder), mode(path)]).toEqual([0o700, 0o700, 0o600]);
  expect(await readState(root)).toEqual(state(gone, gone));
});

test('a process that does not run in the project is left alone, also if the state names it', async () => {
  const [supervisor, replica] = [run(tmpdir()), run(tmpdir())];
  writeState(root, state(supervisor, replica));
  expect(await stopLocal(root, 'down')).toEqual([]);
  expect([supervisor, replica].map(isRunning)).toEqual([true, true]);
});

test('a replica that runs in the project is stopped', async () => {
  const replica = run(root);
  writeState(root, state(gone, replica));
  expect(await stopLocal(root, 'down')).toEqual([`1 orphaned replicas (pid ${String(replica.pid)})`]);
  expect(await ended([replica], 1000)).toBe(true);
});

test('a state that others could have written is refused, and nothing is stopped', async () => {
  const replica = run(root);
  writeState(root, state(gone, replica));
  const { state: path } = localPaths(root);
  chmodSync(path, 0o644);
  await expect(stopLocal(root, 'down')).rejects.toMatchObject({
    message: expect.stringContaining('state.json is open to others (mode 0644)'),
    hint: expect.stringContaining('chmod 600'),
  });
  rmSync(path);
  symlinkSync('/etc/hostname', path);
  await expect(stopLocal(root, 'down')).rejects.toThrow('state.json is a link');
  rmSync(path);
  mkdirSync(path);
  await expect(stopLocal(root, 'down')).rejects.toThrow('state.json is not a regular file');
  expect(isRunning(replica)).toBe(true);
});

test('a state of an earlier version, which others can read, is no obstacle once nothing of it runs', async () => {
  writeState(root, state(gone, gone));
  chmodSync(localPaths(root).state, 0o644);
  expect(await readState(root)).toBeUndefined();
  expect(await stopLocal(root, 'down')).toEqual([]);
});

test('a folder that is a link is refused: down would delete what it leads to', async () => {
  const elsewhere = join(root, 'elsewhere');
  mkdirSync(join(elsewhere, 'local'), { recursive: true });
  symlinkSync(elsewhere, join(root, '.rhizome'));
  await expect(stopLocal(root, 'down')).rejects.toThrow('.rhizome is not a folder, but a link');
  expect(statSync(join(elsewhere, 'local')).isDirectory()).toBe(true);
});

test.each([
  ['not JSON', '{', 'is not JSON'],
  ['nothing', 'null', 'is not what rhizome writes'],
  ['a group of processes', JSON.stringify(state({ pid: -1, started: '1' }, gone)), 'is not what rhizome writes'],
  ['half a process', JSON.stringify(state(gone, { pid: 7.5, started: '1' })), 'is not what rhizome writes'],
  ['a log elsewhere', JSON.stringify(state(gone, gone, '../../secret')), 'is not what rhizome writes'],
])('a state with %s is refused', async (_, text, problem) => {
  writeState(root, state(gone, gone));
  writeFileSync(localPaths(root).state, text);
  await expect(readState(root)).rejects.toThrow(problem);
});
