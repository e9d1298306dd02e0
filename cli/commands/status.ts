import { Command } from 'commander';
import { Failure } from '../failure.ts';
import { createReporter } from '../terminal/reporter.ts';
import { observe, summary, watch } from '../steps/watch.ts';
import { findTarget } from '../targets/find.ts';
import { describeReason, type DeploymentStatus, type ReplicaStatus } from '../deployment-status.ts';
import type { Target } from '../targets/target.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function statusCommand(context: CommandContext): Command {
  return new Command('status')
    .description('show how many replicas are wanted and ready, what each runs, how often it was restarted, and why')
    .addOption(onOption('what is up'))
    .option('-w, --watch', 'go on until Ctrl-C: redraw on a terminal, print what changes elsewhere')
    .option(
      '--json',
      'print {"wanted", "ready", "updated", "available", "replicas": [{"name", "ready", "restarts", "reason", "message", "lastTermination", "pid", "model", "image", "node", "revision"}]}; with --watch one a line, as it changes',
    )
    .addHelpText(
      'after',
      examples('rhizome status', 'rhizome status --watch', 'rhizome status --json', 'rhizome status --on kind'),
    )
    .action(async (options: { on?: string; json?: boolean; watch?: boolean }) => {
      const target = await findTarget(context, options.on);
      const status = await target.status({ models: true });
      if (status === undefined)
        throw new Failure(`Nothing is up on ${target.name}.`, { hint: `Start it: rhizome up --on ${target.name}` });
      if (options.watch === true) await follow(context, target, options.json === true);
      else if (options.json === true) context.print(JSON.stringify(status));
      else context.print((await screen(target, status)).join('\n'));
    });
}

async function follow(context: CommandContext, target: Target, json: boolean): Promise<void> {
  if (!json && !process.stdout.isTTY) {
    await watch(context, target, (line) => {
      context.print(line);
    });
    return;
  }
  // Not dimmed, as progress is: here it is the answer.
  const drawn = createReporter(process.stdout, { ...process.env, NO_COLOR: '1' });
  let before = '';
  for await (const seen of observe(context, target)) {
    if (!json) {
      drawn.progress(typeof seen === 'string' ? [seen] : await screen(target, seen));
      continue;
    }
    const text = JSON.stringify(typeof seen === 'string' ? { error: seen } : seen);
    if (text !== before) context.print(text);
    before = text;
  }
}

async function screen(target: Target, status: DeploymentStatus): Promise<readonly string[]> {
  const url = await target.url();
  return [`${target.name}: ${summary(status)}${url === undefined ? '' : `, at ${url}`}`, ...table(status.replicas)];
}

const columns: readonly (readonly [
  title: string,
  cell: (replica: ReplicaStatus) => string | number | undefined,
  always?: true,
])[] = [
  ['NAME', ({ name }) => name, true],
  ['READY', ({ ready }) => (ready ? 'yes' : 'no'), true],
  ['RESTARTS', ({ restarts }) => restarts, true],
  ['PID', ({ pid }) => pid],
  ['REASON', describeReason, true],
  ['REVISION', ({ revision }) => revision],
  ['MODEL', ({ model }) => model],
  ['NODE', ({ node }) => node],
  ['IMAGE', ({ image }) => image],
];

/** In the manner of `kubectl get`; a column that would be empty is left out. */
function table(replicas: readonly ReplicaStatus[]): string[] {
  if (replicas.length === 0) return [];
  const shown = columns.filter(
    ([, cell, always]) => always === true || replicas.some((replica) => cell(replica) !== undefined),
  );
  const rows = [
    shown.map(([title]) => title),
    ...replicas.map((replica) => shown.map(([, cell]) => String(cell(replica) ?? ''))),
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? '').length));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  );
}
