#!/usr/bin/env node
// Rhizome's TypeScript runs on the pinned Node. Under `npx` and `npm run` that one is first on the PATH already;
// started in another way, by an older Node, this hands over to it.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
if (process.features.typescript) {
  await import(main);
} else {
  const pinned = createRequire(import.meta.url).resolve('node/bin/node');
  process.exitCode = spawnSync(pinned, [main, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
}
