import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { apiKeySource, type KeySource } from './api-key.ts';

const lines: Record<string, unknown>[] = [];
const logger = pino(
  { level: 'info' },
  { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
);

function source(
  apiKeyFile: string,
  { apiKey, required = false, now }: { apiKey?: string; required?: boolean; now?: () => number } = {},
): KeySource {
  return apiKeySource({ apiKey, apiKeyFile, apiKeyFileRequired: required }, logger, now);
}

test('the environment takes precedence over the file', () => {
  expect(source(import.meta.filename, { apiKey: 'a' })()).toBe('a');
});

test('without a file no key is required', () => {
  expect(source('/nowhere')()).toBeUndefined();
});

test('an unreadable or empty file makes the service reject requests instead of accepting all', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-key-'));
  const file = join(dir, 'api-key');
  writeFileSync(file, '\n');
  expect(source(dir)()).toMatch(/.{20}/);
  expect(source(file)()).toMatch(/.{20}/);
  rmSync(dir, { recursive: true });
});

test('the file is read again when it changes; a key that disappears stays valid', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-key-'));
  const file = join(dir, 'api-key');
  let now = 0;
  const key = source(file, { now: () => now });
  expect(key()).toBeUndefined();
  writeFileSync(file, 'first\n');
  now += 1000;
  expect(key()).toBe('first');
  writeFileSync(file, 'second');
  now += 1000;
  expect(key()).toBe('second');
  writeFileSync(file, '');
  now += 1000;
  expect(key()).toBe('second');
  rmSync(dir, { recursive: true });
  now += 1000;
  expect(key()).toBe('second');
});

test('the file may have several keys, one a line, and a change is logged with their number', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-key-'));
  const file = join(dir, 'api-key');
  let now = 0;
  writeFileSync(file, 'old\n');
  const key = source(file, { now: () => now });
  lines.length = 0;
  writeFileSync(file, ' old\r\n\nnew \n');
  for (; now <= 3000; now += 1000) key();
  expect(key()).toBe('old\nnew');
  expect(lines.map(({ msg, keys }) => [msg, keys])).toEqual([['The API key file has changed', 2]]);
  rmSync(dir, { recursive: true });
});

test.each([
  ['a configured file', true],
  ['a file that existed at the start', false],
])('%s that is removed before the first request closes the service, until there is a key again', (_, required) => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-key-'));
  const file = join(dir, 'api-key');
  writeFileSync(file, 'first');
  let now = 0;
  if (required) rmSync(file);
  const key = source(file, { required, now: () => now });
  rmSync(file, { force: true });
  lines.length = 0;
  for (now = 1000; now < 5000; now += 1000) expect(key()).toMatch(required ? /.{20}/ : /^first$/);
  expect(lines.length).toBeLessThanOrEqual(1);
  writeFileSync(file, 'second');
  now += 1000;
  expect(key()).toBe('second');
  rmSync(dir, { recursive: true });
});

test('a problem of the file is logged once, however many requests there are', () => {
  let now = 0;
  lines.length = 0;
  const key = source(import.meta.dirname, { now: () => now });
  for (; now < 5000; now += 1000) key();
  expect(lines.map(({ msg }) => msg)).toEqual(['The API key file cannot be read']);
});
