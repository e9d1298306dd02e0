import type { Issue } from '../../contract/index.ts';
import { formatCount } from '../../inference/format-value.ts';

/** So many warnings of a request are listed, which is about a megabyte... */
const MOST_LISTED = 4000;
/** ...and at least so many of each feature. The next one is for all others: there may be hundreds of thousands. */
const LISTED_EACH = 10;

/** The warnings about one feature. */
interface FeatureWarnings {
  listed: number;
  /** The one that is for all others... */
  summary: { readonly row: number; readonly issue: Issue } | undefined;
  /** ...of which there are so many. */
  others: number;
  lastRow: number;
}

/** Collects values outside their feature's range or choices, for which a request is served with warnings. */
export class WarningList {
  readonly #byRow = new Map<number, Issue[]>();
  readonly #features = new Map<string, FeatureWarnings>();
  #listed = 0;

  /**
   * Adds a value.
   *
   * @param issue describes it, in a sentence; only called if it is listed
   */
  add(feature: string, row: number, issue: () => Issue): void {
    const known = this.#of(feature);
    if (known.summary !== undefined) {
      known.others++;
      known.lastRow = row;
    } else if (this.#listed < MOST_LISTED || known.listed < LISTED_EACH) {
      this.#listed++;
      known.listed++;
      this.#list(row, issue());
    } else known.summary = { row, issue: issue() };
  }

  /** Returns the warnings by row. Call it once, when every value has been read. */
  byRow(): ReadonlyMap<number, readonly Issue[]> {
    for (const { summary, others, lastRow } of this.#features.values()) {
      if (summary === undefined) continue;
      const more = `like those of ${formatCount(others, 'more row')}, the last of which is row ${lastRow}`;
      const { issue } = summary;
      this.#list(
        summary.row,
        others === 0 ? issue : { ...issue, detail: `${issue.detail.replace(/\.$/, '')}, ${more}.` },
      );
    }
    return this.#byRow;
  }

  #of(feature: string): FeatureWarnings {
    let known = this.#features.get(feature);
    if (known === undefined)
      this.#features.set(feature, (known = { listed: 0, summary: undefined, others: 0, lastRow: 0 }));
    return known;
  }

  #list(row: number, issue: Issue): void {
    const listed = this.#byRow.get(row);
    if (listed === undefined) this.#byRow.set(row, [issue]);
    else listed.push(issue);
  }
}
