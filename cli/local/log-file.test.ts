import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastLines, LogFile, olderLog } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rhizome-log-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a log is bounded: it is moved to a second file, which is overwritten next time', () => {
  const log = new LogFile(join(folder, 'a.log'), 100);
  for (let line = 0; line < 50; line += 1) log.write(Buffer.from(`line ${line}\n`));
  log.close();
  log.write(Buffer.from('too late'));
  expect(statSync(log.path).size).toBeLessThanOrEqual(100);
  expect(statSync(olderLog(log.path)).size).toBeLessThanOrEqual(100);
  expect(readFileSync(olderLog(log.path), 'utf8') + readFileSync(log.path, 'utf8')).toMatch(
    /^line \d+\n(line \d+\n)*line 49\n$/,
  );
});

test('a log starts empty, and returns its last lines', () => {
  const path = join(folder, 'a.log');
  new LogFile(path).write(Buffer.from('old\n'));
  const log = new LogFile(path);
  log.write(Buffer.from('one\n\ntwo\nthree\n'));
  expect(lastLines(path, 2)).toEqual(['two', 'three']);
  expect(lastLines(join(folder, 'none.log'), 2)).toEqual([]);
});
