import { Command } from 'commander';
import {
  allReplicas,
  describeReason,
  isEmpty,
  type DeploymentStatus,
  type ReplicaStatus,
  type Termination,
} from '../deployment-status.ts';
import { Failure } from '../failure.ts';
import { canarySummary, observe, summary, watch } from '../steps/watch-status.ts';
import { findTarget } from '../targets/find.ts';
import type { Target } from '../targets/target.ts';
import { columns } from '../terminal/columns.ts';
import { createLiveLines } from '../terminal/live-lines.ts';
import { createStyle, isTerminal, type Style } from '../terminal/style.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function statusCommand(context: CommandContext): Command {
  return new Command('status')
    .summary('show the replicas')
    .description('show which replicas are ready, what each runs, and why and when it last restarted')
    .addOption(onOption('the running target'))
    .option('-w, --watch', 'continue until Ctrl-C: redraw on a terminal, otherwise print what changes')
    .option(
      '--json',
      'print {"wanted", "ready", "updated", "available", "replicas": [{"name", "ready", "restarts", "reason", ' +
        '"message", "lastTermination", "startedAt", "pid", "model", "image", "node", "revision"}], "canary"}; ' +
        'with --watch, a line for each change',
    )
    .addHelpText(
      'after',
      examples('rhizome status', 'rhizome status --watch', 'rhizome status --json', 'rhizome status --on kind'),
    )
    .action(async (options: { on?: string; json?: boolean; watch?: boolean }) => {
      const target = await findTarget(context, options.on);
      const status = await target.status({ models: true });
      if (status === undefined)
        throw new Failure(`Nothing is up on ${target.name}.`, {
          hint: `Start it: rhizome up --on ${target.name}`,
        });
      if (options.watch === true) await follow(context, target, options.json === true);
      else if (options.json === true) context.print(JSON.stringify(status));
      else context.print((await screen(target, status)).join('\n'));
    });
}

async function follow(context: CommandContext, target: Target, json: boolean): Promise<void> {
  if (!json && !isTerminal(process.stdout)) {
    await watch(context, target, (line) => {
      context.print(line);
    });
    return;
  }
  const live = createLiveLines(process.stdout);
  let before = '';
  for await (const observation of observe(context, target)) {
    if (!json) {
      const lines = typeof observation === 'string' ? [observation] : await screen(target, observation);
      live.show(lines.flatMap((line) => columns([[line]])));
      continue;
    }
    const text = JSON.stringify(typeof observation === 'string' ? { error: observation } : observation);
    if (text !== before) context.print(text);
    before = text;
  }
}

async function screen(target: Target, status: DeploymentStatus): Promise<readonly string[]> {
  const style = createStyle(process.stdout);
  if (isEmpty(status))
    return [`${target.name}: ${style('yellow', summary(status))}. To deploy: rhizome up --on ${target.name}`];
  const url = await target.url();
  const ready = style(status.ready === status.wanted ? 'green' : 'yellow', summary(status));
  const address = url === undefined ? '' : `, at ${style(['bold', 'cyan'], url)}`;
  return [
    `${target.name}: ${ready}${address}`,
    ...(status.canary === undefined ? [] : [canarySummary(status.canary)]),
    ...replicaTable(allReplicas(status), style),
  ];
}

interface Column {
  readonly title: string;
  readonly cell: (replica: ReplicaStatus, style: Style, now: number) => string | undefined;
}

const replicaColumns: readonly Column[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'READY', cell: ({ ready }, style) => (ready ? style('green', 'yes') : style('red', 'no')) },
  {
    title: 'RESTARTS',
    cell: ({ restarts }, style) => (restarts === 0 ? '0' : style('yellow', String(restarts))),
  },
  { title: 'PID', cell: ({ pid }) => (pid === undefined ? undefined : String(pid)) },
  { title: 'REASON', cell: reasonCell },
  {
    title: 'LAST RESTART',
    cell: ({ restarts, lastTermination }, _, now) =>
      restarts === 0 || lastTermination === undefined ? undefined : formatTermination(lastTermination, now),
  },
  { title: 'REVISION', cell: ({ revision }) => revision },
  { title: 'MODEL', cell: ({ model }) => model },
  { title: 'NODE', cell: ({ node }) => node },
  { title: 'IMAGE', cell: ({ image }) => image },
];

/** Why a replica isn't ready. Why it last restarted is in a column of its own, if it is known. */
function reasonCell(replica: ReplicaStatus, style: Style): string | undefined {
  if (replica.ready && replica.lastTermination !== undefined) return undefined;
  const reason = describeReason(replica);
  return reason === undefined ? undefined : style(replica.ready ? 'yellow' : 'red', reason);
}

/** Returns why and when a container last ended: `OOMKilled (137), 2 min ago`. */
export function formatTermination({ reason, exitCode, finishedAt }: Termination, now: number): string {
  const seconds = finishedAt === undefined ? NaN : Math.max(0, Math.round((now - Date.parse(finishedAt)) / 1000));
  return `${reason} (${String(exitCode)})${Number.isNaN(seconds) ? '' : `, ${formatAge(seconds)} ago`}`;
}

function formatAge(seconds: number): string {
  if (seconds < 120) return `${String(seconds)} s`;
  if (seconds < 7200) return `${String(Math.floor(seconds / 60))} min`;
  return seconds < 172_800 ? `${String(Math.floor(seconds / 3600))} h` : `${String(Math.floor(seconds / 86_400))} d`;
}

/** Returns a table like that of `kubectl get`, without columns that would be empty. */
export function replicaTable(replicas: readonly ReplicaStatus[], style: Style, now = Date.now()): string[] {
  if (replicas.length === 0) return [];
  const filled = replicaColumns
    .map(({ title, cell }) => ({ title, cells: replicas.map((replica) => cell(replica, style, now)) }))
    .filter(({ cells }) => cells.some((cell) => cell !== undefined));
  return columns([
    filled.map(({ title }) => style('dim', title)),
    ...replicas.map((_, row) => filled.map(({ cells }) => cells[row] ?? '')),
  ]);
}
