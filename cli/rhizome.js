#!/usr/bin/env node
// In a clone Rhizome is TypeScript, in the package compiled JavaScript; both run on Node 24, which the npm package `node` brings.
// Under `npx` and `npm run` that one is first on the PATH already; started in another way, by an older Node, this hands
// over to it. `rhizome init` makes the project that has a Node: of the package it runs with any.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('main.ts', import.meta.url));
const isClone = existsSync(source);
const main = isClone ? source : fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** The one installed with Rhizome, or, for a package that is elsewhere, with the project in whose folder this is called. */
function pinnedNode() {
  for (const from of [import.meta.url, ...(isClone ? [] : [join(process.cwd(), 'package.json')])]) {
    try {
      return createRequire(from).resolve('node/bin/node');
    } catch {
      // Not there; the next one may be.
    }
  }
  return undefined;
}

if (process.features.typescript || (!isClone && process.argv[2] === 'init')) {
  await import(main);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(
      isClone
        ? '✗ Rhizome is not installed here yet.\n  → npm ci'
        : `✗ Rhizome needs Node 24; this is ${process.version}, and there is no other one in node_modules.\n  → npm install, in a folder that \`rhizome init\` has set up`,
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to both; twice would mean "at once".
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
