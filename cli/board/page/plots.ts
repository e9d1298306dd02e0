import type { Second, Traffic } from '../messages.ts';
import { Axes, type Mark, type Points } from './axes.ts';
import { find } from './element.ts';
import { formatMilliseconds, formatRate } from './format.ts';

/** The last minute, in order. */
export interface LastMinute {
  /** What the replicas have served. */
  readonly traffic: readonly Traffic[];
  /** What the client of the board's load has seen. */
  readonly load: readonly Second[];
  readonly marks: readonly Mark[];
  readonly now: number;
}

const requests = find(HTMLElement, '#requests');
const latency = find(HTMLElement, '#latency');

/** Draws how many requests there were per second, and how long they took. */
export function showPlots(minute: LastMinute): void {
  drawRequests(minute);
  drawLatency(minute);
}

function drawRequests({ traffic, load, marks, now }: LastMinute): void {
  const axes = new Axes(requests, now, [...traffic.map((each) => each.requests), ...load.map(({ sent }) => sent)]);
  const [served, sent] = [traffic.at(-1), load.at(-1)];
  const lost = load.reduce((total, { failed }) => total + failed, 0);
  const text = [
    served === undefined
      ? 'The replicas have not reported their requests in the last minute.'
      : `The replicas serve ${formatRate(served.requests)} requests a second; ` +
        `in the last minute, at most ${formatRate(Math.max(...traffic.map((each) => each.requests)))}.`,
    ...(sent === undefined
      ? []
      : [`The load: ${String(sent.sent)} in the last second; ${String(lost)} failed in the last minute.`]),
  ].join(' ');
  axes.draw(requests, text, String, marks, [
    ...traffic
      .filter(({ requests: all }) => all > 0)
      .map(({ from, to, requests: all, failed }) => axes.bar('served', from, to, 0, all - failed)),
    ...traffic
      .filter(({ failed }) => failed > 0)
      .map(({ from, to, requests: all, failed }) => axes.bar('errors', from, to, all - failed, all)),
    ...load
      .filter(({ failed }) => failed > 0)
      .map(({ at, sent: all, failed }) => axes.bar('failed', at, at + 1000, all - failed, all)),
    ...axes.line(
      'sent',
      middles(load, ({ sent: all }) => all),
      secondGap,
    ),
  ]);
}

function drawLatency({ traffic, load, marks, now }: LastMinute): void {
  const served = traffic.flatMap(({ from, to, p95 }) => (p95 === null ? [] : [[(from + to) / 2, p95] as const]));
  const slowest = middles(load, ({ max }) => max);
  const median = middles(load, ({ p50 }) => p50);
  const axes = new Axes(
    latency,
    now,
    [...served, ...slowest].map(([, time]) => time),
  );
  const last = (points: Points): string => formatMilliseconds(points.at(-1)?.[1] ?? 0);
  const text =
    [
      ...(served.length === 0 ? [] : [`The replicas respond to 95 % of the requests within ${last(served)}.`]),
      ...(median.length === 0 ? [] : [`The load: median ${last(median)}, slowest ${last(slowest)}.`]),
    ].join(' ') || 'No responses in the last minute.';
  axes.draw(latency, text, formatMilliseconds, marks, [
    ...axes.line('slowest', slowest, secondGap),
    ...axes.line('median', median, secondGap),
    ...axes.line('p95', served, servedGap),
  ]);
}

/** Milliseconds. One second without a value interrupts a line. */
const secondGap = 1500;
/** On a cluster, the replicas are asked each two seconds. */
const servedGap = 3500;

/** Returns the middles of the seconds that have a value. */
const middles = (load: readonly Second[], valueOf: (second: Second) => number | null): Points =>
  load.flatMap((second) => {
    const value = valueOf(second);
    return value === null ? [] : [[second.at + 500, value] as const];
  });
