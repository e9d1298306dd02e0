#!/usr/bin/env node
// Starts the command line with Node 24, which the npm package `node` provides: TypeScript in a clone, compiled
// JavaScript in the package. With `npx` and `npm run`, that Node is first on the PATH already. If an older Node started
// this file, it hands over. `rhizome init` creates the project that has the newer Node, and npm runs
// `rhizome trim` even where it installed no Node, so in the package these two run with any Node.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('main.ts', import.meta.url));
const isClone = existsSync(source);
const main = isClone ? source : fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** Finds the Node that is installed with Rhizome or, if the package is elsewhere, in the current project. */
function pinnedNode() {
  for (const from of [import.meta.url, ...(isClone ? [] : [join(process.cwd(), 'package.json')])]) {
    try {
      return createRequire(from).resolve('node/bin/node');
    } catch {
      // Not there: try the next one.
    }
  }
  return undefined;
}

if (process.features.typescript || (!isClone && ['init', 'trim'].includes(process.argv[2]))) {
  await import(main);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(
      isClone
        ? '✗ The dependencies of this clone are not installed.\n  → npm ci'
        : `✗ Rhizome needs Node 24, but this is ${process.version} and node_modules has no other.\n` +
            '  → npm install, in a folder that `rhizome init` has set up',
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to both processes. A second signal would end the child at once.
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
