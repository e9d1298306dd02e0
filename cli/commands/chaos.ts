import { Argument, Command } from 'commander';
import { openChaosContext } from '../chaos/chaos-context.ts';
import { experiments } from '../chaos/experiments/index.ts';
import type { Outcome } from '../chaos/outcome.ts';
import { perform } from '../chaos/perform.ts';
import { markdownTable, table } from '../chaos/table.ts';
import { Failure } from '../failure.ts';
import { assertedLoad } from '../load/examples.ts';
import type { Load } from '../load/load.ts';
import { plot } from '../load/plot.ts';
import { findTarget } from '../targets/find.ts';
import { openService } from '../targets/open-service.ts';
import { withoutCommands } from '../terminal/reporter.ts';
import { createStyle, isTerminal } from '../terminal/style.ts';
import { examples, onOption, parseRate, withChoices, type CommandContext } from './options.ts';

interface ChaosFlags {
  readonly on?: string;
  readonly rate: number;
  readonly model?: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const names = experiments.map(({ name }) => name);

export function chaosCommand(context: CommandContext): Command {
  return new Command('chaos')
    .summary('break replicas and check that they recover')
    .description('break the replicas on purpose, under load, and check that they recover; everything is undone')
    .addArgument(
      withChoices(new Argument('<experiment...>', 'what to do, one after another; docs/chaos.md describes each'), [
        ...names,
        'all',
      ]),
    )
    .addOption(onOption('the running target'))
    .option(
      '--rate <number>',
      'requests per second; every other one on a new connection (overload measures how many)',
      parseRate,
      50,
    )
    .option('--model <model>', 'model to send requests to, such as wine or wine/2 (default: all, in turn)')
    .option('--markdown', 'print the table as Markdown')
    .option('--json', 'print an array with an object for each experiment')
    .addHelpText(
      'after',
      `${examples('rhizome chaos kill', 'rhizome chaos rollout drain --on kind', 'rhizome chaos all --markdown')}\n\n` +
        'Exit code: 1 if an experiment cost more than its expected impact, which\ndocs/chaos.md lists.',
    )
    .action(async (requested: readonly string[], flags: ChaosFlags) => {
      const selected = experiments.filter(({ name }) => requested.includes('all') || requested.includes(name));
      const target = await findTarget(context, flags.on);
      const { url, boundToOnePod, close } = await openService(context, target);
      const ended = new AbortController();
      const outcomes: Outcome[] = [];
      try {
        if (boundToOnePod)
          context.report.line(
            'The port-forward leads to one pod, and fails when that pod ends, whatever the others do.',
          );
        const load = {
          ...(await assertedLoad({ ...context, report: withoutCommands(context.report) }, url, flags.model)),
          rate: flags.rate,
          connections: 'both',
        } as const;
        const signal = AbortSignal.any([context.signal, ended.signal]);
        const chaos = await openChaosContext({ ...context, signal }, target, load);
        const show = (load: Load): void => {
          context.report.progress([...(isTerminal(process.stderr) ? plot(load.report()) : []), ...chaos.watch.lines]);
        };
        for (const experiment of selected) outcomes.push(await perform(experiment, chaos, show));
      } finally {
        ended.abort();
        await close();
        if (outcomes.length > 0) context.print(formatOutcomes(outcomes, flags));
      }
      const failed = outcomes.filter(({ exceeded }) => exceeded.length > 0);
      if (failed.length > 0) {
        throw new Failure(
          `Experiments beyond their expected impact: ${failed.map(({ experiment }) => experiment).join(', ')}.`,
          {
            details: failed.flatMap(({ experiment, exceeded }) => exceeded.map((line) => `${experiment}: ${line}`)),
            hint: boundToOnePod
              ? 'Through a port-forward, only one pod was tested. Expose the Service, then try again.'
              : 'See `rhizome status` and `rhizome logs`. docs/chaos.md lists the expected impact of each experiment.',
          },
        );
      }
    });
}

function formatOutcomes(outcomes: readonly Outcome[], { json, markdown }: ChaosFlags): string {
  if (json === true) return JSON.stringify(outcomes);
  return markdown === true ? markdownTable(outcomes) : table(outcomes, createStyle(process.stdout));
}
