import type { Context } from '../context.ts';
import { openLoop, type OpenLoopReport } from '../loads/open-loop.ts';
import { inferBinary } from '../loads/routes.ts';
import type { WireRequest } from '../loads/wire-request.ts';
import { sampleOf } from '../models/bench-model.ts';
import { convolution } from '../models/convolution.ts';
import { rhizome } from '../servers/rhizome.ts';
import { withServer, type RunningServer } from '../servers/server.ts';
import { httpContender, loadContender } from './contender.ts';

/** Enough to keep the server busy, and too few for it to refuse any. */
const PEAK_CONNECTIONS = 16;

/** Ten times what the server can do: it has to refuse most, at once, and to do the rest as well as ever. */
export async function measureOverload(context: Context): Promise<void> {
  const { cores, figures, quick, say } = context;
  const model = await convolution();
  const sample = await sampleOf(model, 1);
  const server = rhizome(model);
  const contender = httpContender({ id: 'infer-binary', title: 'Rhizome', server }, inferBinary, model);
  const request = inferBinary.request(model, sample);
  await withServer(server, cores, async (running) => {
    await contender.verify(running, sample);
    const closed = { connections: PEAK_CONNECTIONS, seconds: quick ? 5 : 10, cores };
    const { figures: measured, problem } = await loadContender(contender, running, sample, closed);
    figures.add('overload/peak', measured);
    if (problem !== undefined) figures.problem('overload/peak', problem);
    const peak = measured['rps'] ?? NaN;
    say(`overload: peak ${peak.toFixed(1)} requests/s`);

    const normal = await load(context, running, request, peak * 0.8, quick ? 5 : 10);
    record(context, 'overload/at-80-percent', normal);
    const overloaded = await load(context, running, request, peak * 10, quick ? 8 : 30);
    record(context, 'overload/times-10', overloaded);
  });
}

interface ObservedLoad {
  readonly report: OpenLoopReport;
  /** Resident memory during the load, in MB. */
  readonly resident: readonly number[];
}

async function load(
  { cores, say }: Context,
  { http, process }: RunningServer,
  request: WireRequest,
  rate: number,
  seconds: number,
): Promise<ObservedLoad> {
  say(`overload: ${rate.toFixed(1)} requests/s for ${seconds} s`);
  const resident: number[] = [];
  const sampling = setInterval(() => {
    resident.push(process.usage()?.residentMb ?? NaN);
  }, 500);
  try {
    return { report: await openLoop({ port: http, targets: [{ rate, request }], seconds, cores }), resident };
  } finally {
    clearInterval(sampling);
  }
}

function record({ figures, say }: Context, subject: string, { report, resident }: ObservedLoad): void {
  const [outcome] = report.outcomes;
  if (outcome === undefined) return;
  const { goodput, p50, p99, max, refused, refusedP99, sent, errors } = outcome;
  const half = Math.floor(resident.length / 2);
  figures.add(subject, {
    ...{ goodput, p50, p99, max, refused, sent, sendDelay: report.sendDelayP99 },
    ...(refused > 0 && { refusedP99 }),
    resident: Math.max(...resident),
    residentGrowth: Math.max(...resident.slice(half)) / Math.max(...resident.slice(0, half)),
  });
  const wrong = Object.entries(errors).map(([kind, count]) => `${count} × ${kind}`);
  if (wrong.length > 0) figures.problem(subject, `${wrong.join(', ')}, of ${sent} requests`);
  say(
    `  ${goodput.toFixed(1)} served/s, p99 ${p99.toFixed(0)} ms; ${refused} of ${sent} refused, p99 ` +
      `${refusedP99.toFixed(1)} ms; at most ${Math.max(...resident).toFixed(0)} MB ${wrong.join(', ')}`,
  );
}
