import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ended, identify, isRunning, sendSignal } from './process-id.ts';

test('a process is identified by its ID and start time, so that a reused ID is never signalled', async () => {
  const child = spawn('sleep', ['60']);
  const id = identify(child.pid!)!;
  expect(isRunning(id)).toBe(true);
  sendSignal({ ...id, started: 'at another time' }, 'SIGKILL');
  expect(await ended([id], 200)).toBe(false);

  sendSignal(id, 'SIGKILL');
  await once(child, 'exit');
  expect(await ended([id], 1000)).toBe(true);
  expect(identify(child.pid!)).toBeUndefined();
});

test('a zombie does not count as running', async () => {
  // The shell's child ends, and the shell, replaced by sleep, never asks for its exit code.
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const id = identify(Number(line.toString()))!;
  expect(await ended([id], 2000)).toBe(true);
  parent.kill('SIGKILL');
});
