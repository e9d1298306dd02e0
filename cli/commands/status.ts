import { Command } from 'commander';
import { Failure } from '../failure.ts';
import { findTarget } from '../targets/find.ts';
import type { ReplicaStatus } from '../targets/target.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function statusCommand(context: CommandContext): Command {
  return new Command('status')
    .description('show how many replicas are wanted and ready, how often each was restarted, and why')
    .addOption(onOption('what is up'))
    .option('--json', 'print {"wanted", "ready", "replicas": [{"name", "ready", "restarts", "reason", "pid"}]}')
    .addHelpText('after', examples('rhizome status', 'rhizome status --json', 'rhizome status --on kind'))
    .action(async (options: { on?: string; json?: boolean }) => {
      const target = await findTarget(context, options.on);
      const status = await target.status();
      if (status === undefined) throw new Failure(`Nothing is up on ${target.name}.`, { hint: `Start it: rhizome up --on ${target.name}` });
      if (options.json === true) {
        context.print(JSON.stringify(status));
        return;
      }
      const url = await target.url();
      context.print(`${target.name}: ${String(status.ready)} of ${String(status.wanted)} replicas ready${url === undefined ? '' : `, at ${url}`}`);
      if (status.replicas.length > 0) context.print(table(status.replicas));
    });
}

/** In the manner of `kubectl get`. */
function table(replicas: readonly ReplicaStatus[]): string {
  const withPid = replicas.some(({ pid }) => pid !== undefined);
  const rows = [
    ['NAME', 'READY', 'RESTARTS', ...(withPid ? ['PID'] : []), 'REASON'],
    ...replicas.map(({ name, ready, restarts, pid, reason }) => [name, ready ? 'yes' : 'no', String(restarts), ...(withPid ? [String(pid ?? '')] : []), reason ?? '']),
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? '').length));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(width(column))).join('  ').trimEnd()).join('\n');
}
