import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string): string => readFileSync(join(import.meta.dirname, '../..', name), 'utf8');

test('the image has the same version of Node as scripts and tests', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { readonly version: string }>;
  };
  expect(read('Dockerfile')).toContain(
    `\nARG NODE_IMAGE=node:${packages['node_modules/node']?.version}-bookworm-slim@sha256:`,
  );
  expect(process.version).toBe(`v${packages['node_modules/node']?.version}`);
});
