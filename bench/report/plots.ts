import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Figures } from '../figures.ts';
import { latencyContenders } from '../measurements/latency.ts';

/** A value of a plot. */
export interface PlotPoint {
  readonly series: string;
  readonly x: number;
  readonly y: number;
  /** Draws it dashed if it is the p99. */
  readonly percentile?: 'p50' | 'p99';
}

const titles = new Map([
  ['bare', 'bare node:http'],
  ['predictions', 'Rhizome /predictions'],
  ['infer-binary', 'Rhizome /v2 binary'],
  ['infer-json', 'Rhizome /v2 JSON'],
  ['before', 'Rhizome before'],
  ['naive', 'naive Hono'],
  ['fastapi', 'FastAPI async'],
  ['mlserver', 'MLServer'],
  ['litserve', 'LitServe'],
  ['bentoml', 'BentoML'],
]);

/** Returns throughput by connections, for one row per request. */
export function throughputPoints(figures: Figures): readonly PlotPoint[] {
  return [...titles].flatMap(([id, series]) =>
    [1, 16, 64, 256].flatMap((x) => {
      const spread = figures.spread(`iris/${id}/c${x}/b1/rps`);
      return spread === undefined ? [] : [{ series, x, y: spread.median }];
    }),
  );
}

/** Returns a percentile of the latency by offered load, as long as the server keeps up. */
export function latencyPoints(figures: Figures, percentile: 'p50' | 'p99'): readonly PlotPoint[] {
  return Object.entries(latencyContenders).flatMap(([id, title]) =>
    figures.subjects(`latency/${id}/r`).flatMap((subject) => {
      const rate = Number(subject.split('/r').at(-1));
      const [latency, goodput] = [figures.spread(`${subject}/${percentile}`), figures.spread(`${subject}/goodput`)];
      if (latency === undefined || goodput === undefined || goodput.median < rate * 0.95) return [];
      return [{ series: title, percentile, x: rate, y: latency.median }];
    }),
  );
}

/** Draws throughput against connections as SVG. */
export const drawThroughput = (points: readonly PlotPoint[]): Promise<string> =>
  draw({
    ...frame('Iris: throughput by connections', points),
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title: 'connections',
        scale: { type: 'log', base: 4 },
        axis: { values: [1, 4, 16, 64, 256] },
      },
      y: { field: 'y', type: 'quantitative', title: 'requests/s' },
      ...series,
    },
  });

/** Draws latency against offered load as SVG. */
export const drawLatency = (points: readonly PlotPoint[]): Promise<string> =>
  draw({
    ...frame('Iris: latency by offered load (solid: p50, dashed: p99)', points),
    encoding: {
      x: { field: 'x', type: 'quantitative', title: 'requests/s offered' },
      y: { field: 'y', type: 'quantitative', title: 'latency in ms', scale: { type: 'log' } },
      strokeDash: {
        field: 'percentile',
        type: 'nominal',
        title: null,
        scale: {
          domain: ['p50', 'p99'],
          range: [
            [1, 0],
            [6, 4],
          ],
        },
        legend: null,
      },
      ...series,
    },
  });

const frame = (title: string, values: readonly PlotPoint[]) => ({
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  title: { text: title, anchor: 'start' as const, fontSize: 15 },
  width: 520,
  height: 300,
  // Readable on a dark page, too.
  background: 'white',
  padding: 12,
  data: { values: [...values] },
  mark: { type: 'line' as const, point: { size: 50 }, strokeWidth: 2 },
  config: {
    font: 'sans-serif',
    axis: { labelFontSize: 12, titleFontSize: 13 },
    legend: { labelFontSize: 12, labelLimit: 0 },
  },
});

const series = {
  color: {
    field: 'series',
    type: 'nominal' as const,
    title: null,
    sort: null,
    scale: { scheme: 'tableau10' as const },
    legend: { orient: 'bottom' as const, columns: 3 },
  },
};

async function draw(spec: TopLevelSpec): Promise<string> {
  return new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' }).toSVG();
}
