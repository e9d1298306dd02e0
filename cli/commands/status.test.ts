import { formatTermination, replicaTable } from './status.ts';

const now = Date.parse('2026-11-28T12:00:00Z');
const plain = (_: unknown, text: string): string => text;

test('the last restart: why and when', () => {
  const ended = (finishedAt: string) => formatTermination({ reason: 'OOMKilled', exitCode: 137, finishedAt }, now);
  expect(ended('2026-11-28T11:59:18Z')).toBe('OOMKilled (137), 42 s ago');
  expect(ended('2026-11-28T11:48:00Z')).toBe('OOMKilled (137), 12 min ago');
  expect(ended('2026-11-28T09:00:00Z')).toBe('OOMKilled (137), 3 h ago');
  expect(ended('2026-11-25T09:00:00Z')).toBe('OOMKilled (137), 3 d ago');
  expect(formatTermination({ reason: 'Error', exitCode: 1 }, now)).toBe('Error (1)');
});

test('columns that would be empty are left out; a ready replica has its last restart instead of a reason', () => {
  const lines = replicaTable(
    [
      { name: 'a', ready: true, restarts: 0, pid: 7 },
      {
        name: 'b',
        ready: true,
        restarts: 2,
        pid: 8,
        reason: 'Error',
        lastTermination: { reason: 'Error', exitCode: 137, finishedAt: '2026-11-28T11:59:50Z' },
      },
    ],
    plain,
    now,
  );
  expect(lines).toEqual([
    'NAME  READY  RESTARTS  PID  LAST RESTART',
    'a     yes    0         7',
    'b     yes    2         8    Error (137), 10 s ago',
  ]);
});

test('what is not ready is red, and says why; restarts are yellow', () => {
  const lines = replicaTable(
    [
      {
        name: 'a',
        ready: false,
        restarts: 3,
        reason: 'CrashLoopBackOff',
        message: 'restarts in 10 s',
        lastTermination: { reason: 'Error', exitCode: 1 },
      },
    ],
    (format, text) => `<${String(format)}>${text}`,
    now,
  );
  expect(lines[1]).toMatch(/<red>no +<yellow>3 +<red>CrashLoopBackOff: restarts in 10 s +Error \(1\)/);
});
