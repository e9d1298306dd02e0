import type { Second } from '../messages.ts';
import { find, h, svg } from './element.ts';
import { formatMilliseconds } from './format.ts';

/** A moment at which something happened to a replica. */
export interface Mark {
  readonly at: number;
  readonly kind: 'good' | 'bad';
}

/** Seconds that a plot shows. */
export const span = 60;
const height = 140;
/** Room for the numbers at the axes. */
const margin = { top: 8, right: 4, bottom: 20, left: 52 };

interface Frame {
  readonly width: number;
  /** The end of the axis of time, in milliseconds since the epoch. */
  readonly now: number;
  /** The end of the other axis. */
  readonly most: number;
}

const requests = find(HTMLElement, '#requests');
const latency = find(HTMLElement, '#latency');

/** Draws the last minute of requests: how many per second, and how long they took. @param seconds of that minute */
export function showTraffic(seconds: readonly Second[], marks: readonly Mark[], now: number): void {
  const recentMarks = marks.filter(({ at }) => at >= now - span * 1000);
  drawRequests(seconds, recentMarks, now);
  drawLatency(seconds, recentMarks, now);
}

function drawRequests(seconds: readonly Second[], marks: readonly Mark[], now: number): void {
  const frame = { width: requests.clientWidth, now, most: niceMost(Math.max(10, ...seconds.map(({ sent }) => sent))) };
  const width = Math.max(2, (frame.width - margin.left - margin.right) / span - 1.5);
  const bar = (at: number, from: number, to: number, kind: string): SVGElement =>
    svg('rect', { class: kind, x: x(at, frame), width, y: y(to, frame), height: y(from, frame) - y(to, frame) });
  const last = seconds.at(-1);
  const failed = seconds.reduce((sum, second) => sum + second.failed, 0);
  const text =
    last === undefined
      ? 'No requests in the last minute.'
      : `Requests per second in the last minute: ${String(last.sent)} in the last second; ${String(failed)} failed.`;
  draw(requests, frame, text, String, marks, [
    ...seconds.map(({ at, sent, failed }) => bar(at, 0, sent - failed, 'right')),
    ...seconds.filter(({ failed }) => failed > 0).map(({ at, sent, failed }) => bar(at, sent - failed, sent, 'failed')),
  ]);
}

function drawLatency(seconds: readonly Second[], marks: readonly Mark[], now: number): void {
  const most = niceMost(Math.max(10, ...seconds.map(({ max }) => max ?? 0)));
  const frame = { width: latency.clientWidth, now, most };
  const line = (kind: string, valueOf: (second: Second) => number | null): readonly SVGElement[] =>
    seconds.length === 0 ? [] : [svg('path', { class: kind, d: path(seconds, valueOf, frame) })];
  const last = seconds.findLast(({ p50 }) => p50 !== null);
  const text =
    last === undefined
      ? 'No responses in the last minute.'
      : `Response times in the last minute: median ${formatMilliseconds(last.p50 ?? 0)}, ` +
        `slowest ${formatMilliseconds(last.max ?? 0)} in the last second.`;
  draw(latency, frame, text, formatMilliseconds, marks, [
    ...line('slowest', ({ max }) => max),
    ...line('median', ({ p50 }) => p50),
  ]);
}

/** A line through the middles of the seconds, interrupted where there is no value. */
function path(seconds: readonly Second[], valueOf: (second: Second) => number | null, frame: Frame): string {
  let before = -Infinity;
  return seconds
    .flatMap((second) => {
      const value = valueOf(second);
      if (value === null) return [];
      const command = second.at - before > 1500 ? 'M' : 'L';
      before = second.at;
      const point = `${x(second.at + 500, frame).toFixed(1)} ${y(value, frame).toFixed(1)}`;
      // A single second is a dot.
      return [command === 'M' ? `M${point}h.1` : `L${point}`];
    })
    .join('');
}

function draw(
  place: HTMLElement,
  frame: Frame,
  text: string,
  label: (value: number) => string,
  marks: readonly Mark[],
  content: readonly SVGElement[],
): void {
  const { width, now, most } = frame;
  const [left, right] = [margin.left, width - margin.right];
  const rule = (value: number): readonly SVGElement[] => [
    svg('line', { class: 'rule', x1: left, x2: right, y1: y(value, frame), y2: y(value, frame) }),
    svg('text', { x: left - 8, y: y(value, frame) + 4, 'text-anchor': 'end' }, label(value)),
  ];
  const times = [60, 40, 20, 0].map((ago) =>
    svg(
      'text',
      { x: x(now - ago * 1000, frame), y: height - 4, 'text-anchor': { 60: 'start', 0: 'end' }[ago] ?? 'middle' },
      ago === 0 ? 'now' : `${String(ago)} s`,
    ),
  );
  const lines = marks.map(({ at, kind }) =>
    svg('line', { class: `mark ${kind}`, x1: x(at, frame), x2: x(at, frame), y1: margin.top, y2: y(0, frame) }),
  );
  place.replaceChildren(
    svg(
      'svg',
      { viewBox: `0 0 ${String(width)} ${String(height)}`, width, height, role: 'img', 'aria-label': text },
      ...[0, most / 2, most].flatMap(rule),
      ...times,
      ...content,
      ...lines,
    ),
    ...(content.length === 0 ? [h('p', {}, 'No requests in the last minute.')] : []),
  );
}

function x(at: number, { width, now }: Frame): number {
  const share = 1 - (now - at) / (span * 1000);
  return margin.left + share * (width - margin.left - margin.right);
}

const y = (value: number, { most }: Frame): number =>
  margin.top + (1 - Math.min(1, value / most)) * (height - margin.top - margin.bottom);

/** Returns a round number that is a little more than a value. */
function niceMost(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 6, 8].find((factor) => factor * power >= 1.05 * value) ?? 10);
}
