import { spawnSync } from 'node:child_process';
import { execa } from 'execa';
import { testUnless } from './needs.ts';

/** macOS has another program of the name. */
const hasScript = spawnSync('sh', ['-c', 'script --version'], { encoding: 'utf8' }).stdout.includes('util-linux');

/** Defines a test that is skipped unless a command can run on a pseudo-terminal. */
export function testOnTerminal(title: string, run: () => Promise<void>): void {
  testUnless(hasScript ? undefined : 'needs script, of util-linux', title, run);
}

/** Runs `rhizome` on a pseudo-terminal of 80 columns, in colour. */
export function rhizomeOnTerminal(cwd: string, ...args: readonly string[]) {
  const command = `stty cols 80 rows 50; exec ${process.execPath} cli/main.ts ${args.join(' ')}`;
  return execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd,
    env: { TERM: 'xterm', NO_COLOR: undefined, FORCE_COLOR: undefined },
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
