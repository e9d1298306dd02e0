import type { Row } from '../../onnx/signature/cells.ts';
import { seededRandom } from '../../onnx/seeded-random.ts';

/** How many rows are kept if all have the same key... */
const mostRows = 64;
/** ...and how many of each key otherwise, of which there are at most so many. */
const mostPerKey = 8;
const mostKeys = 32;

interface Kept {
  seen: number;
  readonly rows: Row[];
}

/** Keeps some rows of a file, each with the same chance, and some of each class, however rare it is. */
export class Sample {
  readonly #byKey = new Map<string, Kept>();
  readonly #random = seededRandom(36);

  /** @param key what kinds of rows there are: the predicted class */
  add(row: Row, key = ''): void {
    let kept = this.#byKey.get(key);
    if (kept === undefined) {
      if (this.#byKey.size === mostKeys) return;
      this.#byKey.set(key, (kept = { seen: 0, rows: [] }));
    }
    const index = Math.floor(this.#random() * ++kept.seen);
    const room = key === '' ? mostRows : mostPerKey;
    if (kept.rows.length < room) kept.rows.push(row);
    else if (index < room) kept.rows[index] = row;
  }

  get rows(): readonly Row[] {
    return [...this.#byKey.values()].flatMap(({ rows }) => rows);
  }
}
