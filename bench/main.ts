/** `npm run bench`: measures the service against floors, naive code and other servers. bench/README.md says how. */
import { join } from 'node:path';
import { Figures } from './figures.ts';
import { evaluate } from './lines/line.ts';
import { lines } from './lines/lines.ts';
import { describeRun } from './machine/describe.ts';
import { pinCores } from './machine/cores.ts';
import { measurements } from './measurements/measurements.ts';
import { help, parseOptions, UsageError, type Options } from './options.ts';
import { formatCheck, passes } from './report/check.ts';
import { writeReport } from './report/write.ts';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Measures what is selected. A measurement that fails is a problem of its figures, and the others go on. */
async function run({ selected, check, output, ...options }: Options): Promise<number> {
  const cores = pinCores();
  say(`Cores: ${cores.description}.`);
  const figures = new Figures();
  for (const { name, run } of selected) {
    try {
      await run({ cores, figures, say, ...options });
    } catch (error) {
      say(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      figures.problem(name, error instanceof Error ? error.message : String(error));
    }
  }
  const results = lines
    .filter(({ measurement }) => selected.some(({ name }) => name === measurement))
    .map((line) => evaluate(line, figures));
  if (output !== undefined) {
    await writeReport(output, describeRun(cores.description, process.argv.slice(2)), figures, results);
    say(`Results: ${output}`);
  }
  if (results.length > 0) process.stdout.write(`${formatCheck(results)}\n`);
  return check && !passes(results) ? 1 : 0;
}

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2), measurements, join(import.meta.dirname, 'results'));
    if (options !== 'help') return await run(options);
    process.stdout.write(help(measurements));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message} See: npm run bench -- --help`);
    return 2;
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(1)); // Ends the servers, too.
}
process.exitCode = await main();
