import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from './index.ts';

test("the version of the service is the package's", () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect(version).toBe(manifest.version);
});
