import { Command, Option } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { assertedLoad } from '../load/examples.ts';
import { connectionKinds, startLoad, type Connections } from '../load/load.ts';
import { plot } from '../load/plot.ts';
import { byKind, kindsOf, type LoadReport } from '../load/report.ts';
import { findTarget } from '../targets/find.ts';
import { openService } from '../targets/open-service.ts';
import { withoutCommands } from '../terminal/reporter.ts';
import { isTerminal } from '../terminal/style.ts';
import {
  examples,
  onOption,
  parseDuration,
  parseRate,
  urlOption,
  withChoices,
  type CommandContext,
} from './options.ts';

interface LoadFlags {
  readonly on?: string;
  readonly url?: string;
  readonly rate: number;
  readonly for: number;
  readonly connections: Connections;
  readonly json?: boolean;
}

export function loadCommand(context: CommandContext): Command {
  return new Command('load')
    .summary('send requests at a steady rate')
    .description("send the models' examples at a steady rate, check every response, and report how long they took")
    .argument('[model]', 'such as wine or wine/2 (default: all models, in turn)')
    .addOption(onOption('the running target'))
    .addOption(urlOption())
    .option(
      '--rate <number>',
      'requests per second, each sent when it is due, however slow the responses are',
      parseRate,
      50,
    )
    .addOption(
      new Option('--for <time>', 'duration, such as 30s, 500ms or 2m').argParser(parseDuration).default(30_000, '30s'),
    )
    .addOption(
      withChoices(
        new Option('--connections <kind>', 'new: one for each request; keep-alive: a pool; both: in turn'),
        connectionKinds,
      ).default('keep-alive'),
    )
    .option(
      '--json',
      'print {"sent", "failed", "kinds", "p50", "p90", "p99", "max", "longestGapMs", "opened", "perSecond", ...}; ' +
        'milliseconds',
    )
    .addHelpText(
      'after',
      examples(
        'rhizome load',
        'rhizome load --rate 200 --for 2m --connections new --on kind',
        'rhizome load --json | jq .p99',
      ),
    )
    .action(async (model: string | undefined, flags: LoadFlags) => {
      if (flags.url !== undefined) {
        await load(context, flags.url, model, flags);
        return;
      }
      const { url, boundToOnePod, close } = await openService(context, await findTarget(context, flags.on));
      if (boundToOnePod)
        context.report.line(
          'The port-forward leads to one pod: this does not test the others, and fails when that pod ends.',
        );
      await load(context, url, model, flags).finally(close);
    });
}

async function load(context: CommandContext, base: string, model: string | undefined, flags: LoadFlags): Promise<void> {
  const { report, signal } = context;
  const { url, headers, requests } = await assertedLoad({ ...context, report: withoutCommands(report) }, base, model);
  const { rate, connections } = flags;
  report.step(
    `Load ${url}: ${String(rate)} requests per second for ${String(flags.for / 1000)} s, connections: ${connections}`,
  );

  const started = performance.now();
  const running = startLoad({ url, headers, requests, rate, connections });
  // Without a terminal each line stays, so there are fewer.
  const live = setInterval(
    () => {
      const now = running.report();
      report.progress([
        ...(isTerminal(process.stderr) ? plot(now) : []),
        `${((performance.now() - started) / 1000).toFixed(0)} s: ${counts(now)}`,
      ]);
    },
    isTerminal(process.stderr) ? 500 : 5000,
  );
  await sleep(flags.for, undefined, { signal }).catch(() => undefined);
  const seconds = (performance.now() - started) / 1000;
  const result = await running.stop().finally(() => {
    clearInterval(live);
  });

  const { sent, failures, p50, p90, p99, max, longestGapMs, opened, perSecond } = result;
  context.report.progress([]);
  if (flags.json === true)
    context.print(
      JSON.stringify({
        url,
        rate,
        connections,
        seconds: Math.round(seconds * 1000) / 1000,
        sent,
        failed: failures.length,
        kinds: kindsOf(failures),
        p50,
        p90,
        p99,
        max,
        longestGapMs,
        opened,
        perSecond,
      }),
    );
  else context.print(summary(result, seconds));
  if (failures.length > 0) {
    throw new Failure(`${String(failures.length)} of ${String(sent)} requests failed: ${byKind(failures)}.`, {
      hint: 'See `rhizome status` and `rhizome logs`.',
    });
  }
}

const counts = ({ sent, failures, p50, max }: LoadReport): string =>
  `${String(sent)} requests, ${String(failures.length)} failed, p50 ${milliseconds(p50)}, max ${milliseconds(max)}`;

function summary(report: LoadReport, seconds: number): string {
  const { sent, failures, p50, p90, p99, max, longestGapMs, opened } = report;
  return [
    ...plot(report),
    '',
    `${String(sent)} requests in ${seconds.toFixed(1)} s, ` +
      (failures.length === 0 ? 'none failed' : `${String(failures.length)} failed (${byKind(failures)})`),
    `p50 ${milliseconds(p50)}, p90 ${milliseconds(p90)}, p99 ${milliseconds(p99)}, max ${milliseconds(max)}`,
    `longest time without a correct response: ${milliseconds(longestGapMs)}`,
    `connections opened: ${String(opened)}`,
  ].join('\n');
}

const milliseconds = (value: number): string => (Number.isNaN(value) ? '-' : `${String(value)} ms`);
