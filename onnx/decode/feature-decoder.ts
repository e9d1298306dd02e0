import type { CellTensor } from '../signature/cells.ts';

/** Makes tensors of the values of one feature. */
export interface FeatureDecoder {
  /** @throws {DecodeError} if the value cannot be decoded, or {NoSlotError} if it has waited until the deadline */
  decode(value: string | Uint8Array, options: DecodeOptions): Promise<CellTensor>;
  /** About how long a value that comes now would wait for others, in milliseconds. @default values do not wait */
  readonly waitMs?: number;
  /** Generates values for examples. @default the feature has none */
  samples?(count: number): Promise<readonly string[]>;
}

export interface DecodeOptions {
  /** Called before a value is decoded, which may have waited for others. What it throws is the result. */
  readonly before?: () => void;
  /** Until when a value may wait for others, in milliseconds as in `performance.now()`. @default for ever */
  readonly deadline?: number;
}
