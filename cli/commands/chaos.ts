import { Argument, Command } from 'commander';
import { chaosEvents } from '../chaos/experiments/index.ts';
import { perform, type Outcome } from '../chaos/perform.ts';
import { openStage } from '../chaos/chaos-context.ts';
import { table } from '../chaos/table.ts';
import { Failure } from '../failure.ts';
import { assertedLoad } from '../load/examples.ts';
import { findTarget } from '../targets/find.ts';
import { openService } from '../targets/open-service.ts';
import { examples, onOption, parseRate, type CommandContext } from './options.ts';

interface ChaosFlags {
  readonly on?: string;
  readonly rate: number;
  readonly model?: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const names = chaosEvents.map(({ name }) => name);

export function chaosCommand(context: CommandContext): Command {
  return new Command('chaos')
    .description('break what is up on purpose, under load, and see it heal; what was done is taken back')
    .addArgument(new Argument('<event...>', `${names.join(', ')}; or all of them`).choices([...names, 'all']))
    .addOption(onOption('what is up'))
    .option(
      '--rate <number>',
      'requests a second meanwhile; new connections and such that stay, in turn',
      parseRate,
      50,
    )
    .option('--model <name>', 'a folder of models/, as wine or wine/2 (default: all of them, in turn)')
    .option('--markdown', 'print the table as Markdown')
    .option('--json', 'print an array, with an object for each event')
    .addHelpText(
      'after',
      `${examples('rhizome chaos kill', 'rhizome chaos rollout drain --on kind', 'rhizome chaos all --markdown')}\n\nExit code: 1 where an event cost more than docs/chaos.md promises of it.`,
    )
    .action(async (asked: readonly string[], flags: ChaosFlags) => {
      const events = chaosEvents.filter(({ name }) => asked.includes('all') || asked.includes(name));
      const target = await findTarget(context, flags.on);
      const { url, boundToOnePod, close } = await openService(context, target);
      const ended = new AbortController();
      const outcomes: Outcome[] = [];
      try {
        if (boundToOnePod)
          context.report.line(
            'By kubectl port-forward: it leads to one pod, and fails when that one goes, whatever the others do.',
          );
        const load = {
          ...(await assertedLoad(context, url, flags.model)),
          rate: flags.rate,
          connections: 'both',
        } as const;
        const stage = await openStage({ ...context, signal: AbortSignal.any([context.signal, ended.signal]) }, target);
        for (const event of events) outcomes.push(await perform(event, stage, load));
      } finally {
        ended.abort();
        await close();
        if (outcomes.length > 0)
          context.print(flags.json === true ? JSON.stringify(outcomes) : table(outcomes, flags.markdown === true));
      }
      const broken = outcomes.filter((outcome) => outcome.broken.length > 0);
      if (broken.length > 0) {
        throw new Failure(`More was lost than is promised: ${broken.map(({ event }) => event).join(', ')}.`, {
          details: broken.flatMap(({ event, broken: what }) => what.map((line) => `${event}: ${line}`)),
          hint: boundToOnePod
            ? 'Through a port-forward this tells of one pod only: expose the Service, then try again.'
            : '`rhizome status` and `rhizome logs` say more; docs/chaos.md says what each event may cost.',
        });
      }
    });
}
