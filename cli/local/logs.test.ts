import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './fixtures/eventually.ts';
import { olderLog } from './log-file.ts';
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
  writeRuntime(identify(process.pid)!);
  writeFileSync(log, 'one\ntwo\n');
  const stop = new AbortController();
  let printed = '';
  const output = { write: (text: string) => (printed += text) };
  const following = printLogs(root, { follow: true, tail: 1, signal: stop.signal, output });
  await eventually('the last line', 2000, () => printed === 'web-a | two\n');
  appendFileSync(log, 'three\n');
  await eventually('the new line', 2000, () => printed === 'web-a | two\nweb-a | three\n');
  stop.abort();
  await following;
});
