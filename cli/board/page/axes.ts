import { h, svg } from './element.ts';

/** A moment at which something happened to a replica. */
export interface Mark {
  readonly at: number;
  readonly kind: 'good' | 'bad';
}

/** Values at times, which are in milliseconds since the epoch. */
export type Points = readonly (readonly [at: number, value: number])[];

/** Seconds that a plot shows. */
export const span = 60;
const height = 140;
/** Room for the numbers at the axes. */
const margin = { top: 8, right: 4, bottom: 20, left: 52 };

/** The axes of a plot. */
export class Axes {
  readonly #width: number;
  readonly #now: number;
  readonly #most: number;

  /**
   * @param now the end of the axis of time, in milliseconds since the epoch
   * @param values the other axis has room for them
   */
  constructor(place: HTMLElement, now: number, values: readonly number[]) {
    this.#width = place.clientWidth;
    this.#now = now;
    this.#most = niceMost(Math.max(10, ...values));
  }

  x(at: number): number {
    const share = 1 - (this.#now - at) / (span * 1000);
    return margin.left + share * (this.#width - margin.left - margin.right);
  }

  y(value: number): number {
    return margin.top + (1 - Math.min(1, value / this.#most)) * (height - margin.top - margin.bottom);
  }

  /** A bar between two times. What is before the start of the axis is left out. */
  bar(kind: string, from: number, to: number, low: number, high: number): SVGElement {
    const left = Math.max(margin.left, this.x(from));
    const width = Math.max(1, this.x(to) - left - 1.5);
    return svg('rect', { class: kind, x: left, width, y: this.y(high), height: this.y(low) - this.y(high) });
  }

  /** A line through points, if there are any, interrupted where the next one is more than `gap` milliseconds away. */
  line(kind: string, points: Points, gap: number): readonly SVGElement[] {
    if (points.length === 0) return [];
    let before = -Infinity;
    const path = points.map(([at, value]) => {
      const [joined, point] = [at - before <= gap, `${this.x(at).toFixed(1)} ${this.y(value).toFixed(1)}`];
      before = at;
      // A single point is a dot.
      return joined ? `L${point}` : `M${point}h.1`;
    });
    return [svg('path', { class: kind, d: path.join('') })];
  }

  /** Shows a plot. @param text what it shows, for those who don't see it */
  draw(
    place: HTMLElement,
    text: string,
    label: (value: number) => string,
    marks: readonly Mark[],
    content: readonly SVGElement[],
  ): void {
    const [left, right, width] = [margin.left, this.#width - margin.right, this.#width];
    const rule = (value: number): readonly SVGElement[] => [
      svg('line', { class: 'rule', x1: left, x2: right, y1: this.y(value), y2: this.y(value) }),
      svg('text', { x: left - 8, y: this.y(value) + 4, 'text-anchor': 'end' }, label(value)),
    ];
    const times = [60, 40, 20, 0].map((ago) =>
      svg(
        'text',
        { x: this.x(this.#now - ago * 1000), y: height - 4, 'text-anchor': { 60: 'start', 0: 'end' }[ago] ?? 'middle' },
        ago === 0 ? 'now' : `${String(ago)} s`,
      ),
    );
    const lines = marks
      .filter(({ at }) => at >= this.#now - span * 1000)
      .map(({ at, kind }) =>
        svg('line', { class: `mark ${kind}`, x1: this.x(at), x2: this.x(at), y1: margin.top, y2: this.y(0) }),
      );
    place.replaceChildren(
      svg(
        'svg',
        { viewBox: `0 0 ${String(width)} ${String(height)}`, width, height, role: 'img', 'aria-label': text },
        ...[0, this.#most / 2, this.#most].flatMap(rule),
        ...times,
        ...content,
        ...lines,
      ),
      ...(content.length === 0 ? [h('p', {}, text)] : []),
    );
  }
}

/** Returns a round number that is a little more than a value. */
function niceMost(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 6, 8].find((factor) => factor * power >= 1.05 * value) ?? 10);
}
