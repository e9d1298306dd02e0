import { removeZipMap, type ClassLabel } from './zipmap.ts';

/** A model as an engine can run it. */
export interface TensorsOnly {
  /** The very bytes given where nothing had to change. */
  readonly model: Uint8Array;
  /** Of outputs that were maps from label to probability, now a tensor with a column a label: the labels, by the output's name. */
  readonly labels: ReadonlyMap<string, readonly ClassLabel[]>;
}

/** An output is a sequence or a map, and no tensor can be had in its place; the message names the node and how to export it otherwise. */
export class NonTensorError extends Error {
  override readonly name = 'NonTensorError';
}

/**
 * Makes tensors of all outputs, since engines give no others.
 *
 * @throws NonTensorError where that cannot be
 * @throws ProtobufError where the bytes are not a whole protobuf message.
 */
export function tensorsOnly(model: Uint8Array): TensorsOnly {
  return removeZipMap(model);
}
