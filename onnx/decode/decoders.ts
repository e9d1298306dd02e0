import { setImmediate } from 'node:timers/promises';
import type { Cell, Row, SentCell, SentRow } from '../signature/cells.ts';
import type { Feature } from '../signature/features.ts';
import type { Signature } from '../signature/signature.ts';
import { DecodeError, UndecodableRowsError, type UndecodableValue } from './decode-error.ts';
import type { DecodeOptions, FeatureDecoder } from './feature-decoder.ts';
import { openImageDecoder } from './image/image-decoder.ts';

/** Other requests wait no longer than this while values are decoded on the event loop, as texts are. */
const TURN_MS = 10;

/** Decodes the features that requests have in another form than the model: as images or texts. */
export class Decoders {
  readonly #features: readonly Feature[];
  /** By the index of the feature. */
  readonly #decoders: ReadonlyMap<number, FeatureDecoder>;

  private constructor(features: readonly Feature[], decoders: readonly (FeatureDecoder | undefined)[]) {
    this.#features = features;
    this.#decoders = new Map(decoders.flatMap((decoder, index) => (decoder === undefined ? [] : [[index, decoder]])));
  }

  /**
   * Loads what decoding needs. Resolves with undefined if no feature of the model is decoded.
   *
   * @param model the model's file, which tokenizers are next to
   * @throws {SignatureError} if something is missing
   */
  static async open({ features }: Pick<Signature, 'features'>, model: string): Promise<Decoders | undefined> {
    if (features.every(({ decode }) => decode === undefined)) return undefined;
    return new Decoders(features, await Promise.all(features.map((feature) => decoderOf(feature, model))));
  }

  /** About how long values that come now would wait for others, in milliseconds. */
  get waitMs(): number {
    return Math.max(0, ...Array.from(this.#decoders.values(), ({ waitMs = 0 }) => waitMs));
  }

  /** Puts generated images in the place of generated tensors, so that rows can be examples. */
  async withSamples(rows: readonly Row[]): Promise<SentRow[]> {
    const samples = await Promise.all(
      [...this.#decoders].map(async ([index, decoder]) => [index, await decoder.samples?.(rows.length)] as const),
    );
    const byFeature = new Map(samples);
    return rows.map((row, index) => row.map((cell, feature) => byFeature.get(feature)?.[index] ?? cell));
  }

  /**
   * Returns rows with tensors in place of what is decoded. Cells that are tensors already stay as they are.
   *
   * @throws {UndecodableRowsError} if values cannot be decoded
   */
  async decode(rows: readonly SentRow[], options: DecodeOptions = {}): Promise<Row[]> {
    const undecodable: UndecodableValue[] = [];
    const decodeRow = async (sent: SentRow, row: number): Promise<Row> => {
      const cells = [...sent] as Cell[];
      const decoding = Array.from(this.#decoders, async ([index, decoder]) => {
        const cell = sent[index];
        if (!isEncoded(cell)) return;
        cells[index] = await decoder.decode(cell, options).catch((error: unknown) => {
          if (!(error instanceof DecodeError)) throw error;
          undecodable.push({ row, feature: this.#features[index]?.name ?? '', error });
          return null;
        });
      });
      await Promise.all(decoding);
      return cells;
    };
    const pending: Promise<Row>[] = [];
    let turn = performance.now();
    for (const [row, sent] of rows.entries()) {
      const decoding = decodeRow(sent, row);
      // It may fail while another row's turn is awaited.
      decoding.catch(() => undefined);
      pending.push(decoding);
      if (performance.now() - turn < TURN_MS) continue;
      await setImmediate();
      turn = performance.now();
    }
    const decoded = await Promise.all(pending);
    if (undecodable.length > 0) throw new UndecodableRowsError(undecodable);
    return decoded;
  }
}

const isEncoded = (cell: SentCell | undefined): cell is string | Uint8Array =>
  typeof cell === 'string' || cell instanceof Uint8Array;

async function decoderOf(feature: Feature, model: string): Promise<FeatureDecoder | undefined> {
  const { decode, name } = feature;
  if (decode?.tokens !== undefined) {
    // Only models of texts need the library.
    const { openTextDecoder } = await import('./text/text-decoder.ts');
    return openTextDecoder(model, name, decode.tokens);
  }
  return decode?.image && openImageDecoder({ ...feature, image: decode.image });
}
