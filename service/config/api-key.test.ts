import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { apiKeySource } from './api-key.ts';

const logger = pino({ level: 'silent' });

test('the environment takes precedence over the file', () => {
  expect(apiKeySource({ apiKey: 'a', apiKeyFile: import.meta.filename }, logger)()).toBe('a');
});

test('without a file no key is required', () => {
  expect(apiKeySource({ apiKey: undefined, apiKeyFile: '/nowhere' }, logger)()).toBeUndefined();
});

test('an unreadable or empty file makes the service reject requests instead of accepting all', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-key-'));
  const file = join(dir, 'api-key');
  writeFileSync(file, '\n');
  expect(apiKeySource({ apiKey: undefined, apiKeyFile: dir }, logger)()).toMatch(/.{20}/);
  expect(apiKeySource({ apiKey: undefined, apiKeyFile: file }, logger)()).toMatch(/.{20}/);
  rmSync(dir, { recursive: true });
});

test('the file is read again when it changes; a key that disappears stays valid', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-key-'));
  const file = join(dir, 'api-key');
  let now = 0;
  const key = apiKeySource({ apiKey: undefined, apiKeyFile: file }, logger, () => now);
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
