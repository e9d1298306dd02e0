/** The bits of a unit of the trie, which is a double array as the library Darts writes it. */
const LEAF = 1 << 8;
const WIDE = 1 << 9;
const LABEL = 0x8000_00ff | 0;
const VALUE = 0x7fff_ffff;
/** SentencePiece looks up whole graphemes only if they are shorter. */
const MOST_GRAPHEME_BYTES = 6;

/**
 * Normalizes texts by the table of a SentencePiece model, exactly as the Rust library `tokenizers` does
 * (spm_precompiled): a sequence such as a letter and its accent is looked up first, then its characters.
 */
export class PrecompiledTable {
  readonly #trie: Int32Array;
  readonly #texts: Buffer;
  readonly #graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

  /**
   * @param base64 the table as tokenizer.json has it
   * @throws {RangeError} if it is damaged
   */
  constructor(base64: string) {
    const bytes = Buffer.from(base64, 'base64');
    const size = bytes.readUInt32LE(0);
    if (size % 4 !== 0 || 4 + size > bytes.length) throw new RangeError('its table of characters is damaged');
    this.#trie = Int32Array.from({ length: size / 4 }, (_, index) => bytes.readInt32LE(4 + 4 * index));
    this.#texts = bytes.subarray(4 + size);
  }

  normalize(text: string): string {
    let normalized = '';
    for (const { segment } of this.#graphemes.segment(text)) {
      const whole = Buffer.byteLength(segment) < MOST_GRAPHEME_BYTES ? this.#replacement(segment) : undefined;
      if (whole !== undefined) normalized += whole;
      else for (const character of segment) normalized += this.#replacement(character) ?? character;
    }
    return normalized;
  }

  /** Returns what replaces the shortest start of a text that the table has; undefined if it has none. */
  #replacement(text: string): string | undefined {
    const unitAt = (at: number): number => this.#trie[at] ?? 0;
    let at = offsetOf(unitAt(0));
    for (const byte of Buffer.from(text)) {
      at ^= byte;
      const unit = unitAt(at);
      if ((unit & LABEL) !== byte) return undefined;
      at ^= offsetOf(unit);
      if ((unit & LEAF) === 0) continue;
      const start = unitAt(at) & VALUE;
      return this.#texts.toString('utf8', start, this.#texts.indexOf(0, start));
    }
    return undefined;
  }
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & WIDE) >>> 6);
