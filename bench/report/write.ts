import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figures } from '../figures.ts';
import type { LineResult } from '../lines/line.ts';
import type { RunDescription } from '../machine/describe.ts';
import { formatMarkdown } from './markdown.ts';
import { drawLatency, drawThroughput, latencyPoints, throughputPoints } from './plots.ts';

/** Writes the results of a run to a folder: README.md, results.json, and the plots. */
export async function writeReport(
  folder: string,
  run: RunDescription,
  figures: Figures,
  results: readonly LineResult[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const captions: Record<string, string> = {};
  const plot = async (file: string, caption: string, svg: Promise<string>): Promise<void> => {
    await writeFile(join(folder, file), `${await svg}\n`);
    captions[file] = caption;
  };
  const throughput = throughputPoints(figures);
  if (throughput.length > 0)
    await plot(
      'throughput.svg',
      'Requests per second of the iris model by the number of keep-alive connections; one core for the server.',
      drawThroughput(throughput),
    );
  const latency = (['p50', 'p99'] as const).flatMap((percentile) => latencyPoints(figures, percentile));
  if (latency.length > 0)
    await plot(
      'latency.svg',
      'Latency of the iris model by offered load, up to the load that each server keeps up with; open loop.',
      drawLatency(latency),
    );
  const json = JSON.stringify(
    { run, figures, lines: results.map(({ line, ...rest }) => ({ ...line, ...rest })) },
    null,
    2,
  );
  await writeFile(join(folder, 'results.json'), `${json}\n`);
  await writeFile(join(folder, 'README.md'), formatMarkdown(run, figures, results, captions));
}
