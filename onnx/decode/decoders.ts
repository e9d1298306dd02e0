import type { Cell, Row, SentCell, SentRow } from '../signature/cells.ts';
import type { Feature } from '../signature/features.ts';
import type { Signature } from '../signature/signature.ts';
import { DecodeError, UndecodableRowsError, type UndecodableValue } from './decode-error.ts';
import type { DecodeOptions, FeatureDecoder } from './feature-decoder.ts';
import { openImageDecoder } from './image/image-decoder.ts';

/** Decodes the features that requests have in another form than the model: as images. */
export class Decoders {
  readonly #features: readonly Feature[];
  /** In the order of the features. */
  readonly #decoders: readonly (FeatureDecoder | undefined)[];

  private constructor(features: readonly Feature[], decoders: readonly (FeatureDecoder | undefined)[]) {
    this.#features = features;
    this.#decoders = decoders;
  }

  /**
   * Loads what decoding needs. Resolves with undefined if no feature of the model is decoded.
   *
   * @throws {SignatureError} if something is missing
   */
  static async open({ features }: Pick<Signature, 'features'>): Promise<Decoders | undefined> {
    if (features.every(({ decode }) => decode === undefined)) return undefined;
    return new Decoders(features, await Promise.all(features.map(decoderOf)));
  }

  /**
   * Returns rows with tensors in place of what is decoded. Cells that are tensors already stay as they are.
   *
   * @throws {UndecodableRowsError} if values cannot be decoded
   */
  async decode(rows: readonly SentRow[], options: DecodeOptions = {}): Promise<Row[]> {
    const undecodable: UndecodableValue[] = [];
    const cell = async (sent: SentCell, row: number, index: number): Promise<Cell> => {
      if (!isEncoded(sent)) return sent;
      const decoder = this.#decoders[index];
      if (decoder === undefined) return sent as Cell;
      return decoder.decode(sent, options).catch((error: unknown) => {
        if (!(error instanceof DecodeError)) throw error;
        undecodable.push({ row, feature: this.#features[index]?.name ?? '', error });
        return null;
      });
    };
    const decoded = await Promise.all(
      rows.map((sent, row) => Promise.all(sent.map((value, index) => cell(value, row, index)))),
    );
    if (undecodable.length > 0) throw new UndecodableRowsError(undecodable);
    return decoded;
  }
}

const isEncoded = (cell: SentCell): cell is string | Uint8Array =>
  typeof cell === 'string' || cell instanceof Uint8Array;

async function decoderOf(feature: Feature): Promise<FeatureDecoder | undefined> {
  const { decode } = feature;
  return decode && openImageDecoder({ ...feature, image: decode.image });
}
