import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './fixtures/eventually.ts';
import { LogFile, olderLog } from './log-file.ts';
import { printLogs } from './logs.ts';
import { identify } from './replica/process-id.ts';
import { localPaths, replicaLog, writeState } from './state.ts';

let root: string;
let log: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rhizome-logs-'));
  log = replicaLog(root, 'web-a');
  mkdirSync(localPaths(root).logs, { recursive: true });
  // Not running: `follow` ends when the local runtime does.
  writeRuntime({ pid: 1, started: 'never' });
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function writeRuntime(supervisor: { readonly pid: number; readonly started: string }): void {
  const status = { name: 'web-a', ready: true, restarts: 0 };
  writeState(root, { supervisor, url: '', graceSeconds: 0, replicas: [{ status }] });
}

async function print(tail?: number): Promise<string> {
  let printed = '';
  const output = { write: (text: string) => (printed += text) };
  const { signal } = new AbortController();
  await printLogs(root, { follow: false, signal, output, ...(tail !== undefined && { tail }) });
  return printed.replaceAll('web-a | ', '');
}

test('prints the last lines, or all of them', async () => {
  writeFileSync(log, 'one\ntwo\nthree\n');
  expect(await print(2)).toBe('two\nthree\n');
  expect(await print(9)).toBe('one\ntwo\nthree\n');
  expect(await print()).toBe('one\ntwo\nthree\n');
  expect(await print(0)).toBe('');
});

test('fills up with lines of the older file after a rotation', async () => {
  writeFileSync(olderLog(log), 'one\ntwo\n');
  writeFileSync(log, 'three\n');
  expect(await print(2)).toBe('two\nthree\n');
});

test('does not lose a line whose end is not written yet', async () => {
  writeFileSync(log, 'one\ntw');
  expect(await print(1)).toBe('one\ntw\n');
});

test('follows after the last lines', async () => {
  writeFileSync(log, 'one\ntwo\n');
  await using following = follow(1);
  await following.prints('two\n');
  appendFileSync(log, 'three\n');
  await following.prints('two\nthree\n');
});

test.each([
  ['has been rotated', (file: LogFile) => file],
  ['begins anew', () => new LogFile(log)],
])('loses nothing of a log that %s, and has become longer, before it is read again', async (_, next) => {
  const file = new LogFile(log, 8);
  file.write(Buffer.from('one\n'));
  await using following = follow();
  await following.prints('one\n');
  file.write(Buffer.from('two\n'));
  const after = next(file);
  after.write(Buffer.from('a long line\n'));
  await following.prints('one\ntwo\na long line\n');
  for (const each of new Set([file, after])) each.close();
});

test('an emptied log is read from its beginning', async () => {
  writeFileSync(log, 'one\ntwo\n');
  await using following = follow();
  await following.prints('one\ntwo\n');
  writeFileSync(log, 'new\n');
  await following.prints('one\ntwo\nnew\n');
});

/** Follows the log until it is disposed of. */
function follow(tail?: number) {
  writeRuntime(identify(process.pid)!);
  const stop = new AbortController();
  let printed = '';
  const output = { write: (text: string) => (printed += text) };
  const ended = printLogs(root, { follow: true, signal: stop.signal, output, ...(tail !== undefined && { tail }) });
  return {
    prints: (expected: string) =>
      eventually(`${JSON.stringify(expected)} is printed`, 2000, () => printed.replaceAll('web-a | ', '') === expected),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}
