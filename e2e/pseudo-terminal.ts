import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Project } from '../cli/fixtures/project.ts';
import { testUnless } from './needs.ts';

const root = join(import.meta.dirname, '..');

/** macOS has another program of the name. */
const hasScript = spawnSync('sh', ['-c', 'script --version'], { encoding: 'utf8' }).stdout.includes('util-linux');

/** Defines a test that is skipped unless a command can run on a pseudo-terminal. */
export function testOnTerminal(title: string, run: () => Promise<void>): void {
  testUnless(hasScript ? undefined : 'needs script, of util-linux', title, run);
}

/** Runs the `rhizome` of a workspace on a pseudo-terminal of 80 columns, in colour. */
export const rhizomeOnTerminal = (cwd: string, ...args: readonly string[]) =>
  onTerminal(cwd, [process.execPath, 'cli/main.ts', ...args]);

/** Runs this repository's `rhizome` in a project with stand-ins for the tools, on such a terminal. */
export const projectOnTerminal = ({ folder }: Project, ...args: readonly string[]) =>
  onTerminal(folder, [process.execPath, join(root, 'cli/main.ts'), ...args], {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']!}`,
    HOME: folder,
  });

function onTerminal(cwd: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const command = `stty cols 80 rows 50; exec ${argv.join(' ')}`;
  return execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd,
    env: { TERM: 'xterm', NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    reject: false,
    timeout: 120_000,
    stdin: 'pipe',
  });
}

/** The lines that are on the screen after the output: those that were rewritten in place are gone. */
export function screenOf(output: string): string[] {
  const lines: string[] = [];
  for (const line of output.replaceAll('\r', '').split('\n')) {
    let rest = line;
    for (let up; (up = /^\u001b\[(\d+)A\u001b\[0J/.exec(rest)) !== null; rest = rest.slice(up[0].length))
      lines.splice(lines.length - Number(up[1]));
    lines.push(rest);
  }
  return lines.slice(0, -1);
}

export const withoutColours = (line: string): string => line.replaceAll(/\u001b\[[\d;]*m/g, '');
