import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeOptions } from './node-options.ts';

test('the size of the heap is added', () => {
  expect(nodeOptions(256)).toBe(`--max-old-space-size=256 ${nodeOptions()}`);
});

test.each(['Dockerfile', 'cli/templates/Dockerfile'])('%s has the same options', (file) => {
  const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  expect(text).toMatch(new RegExp(`^ENV .*NODE_OPTIONS=${nodeOptions()}$`, 'm'));
});
