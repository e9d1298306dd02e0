import type { Tensor } from './engine.ts';

/** Less is left to the garbage collector. */
const LARGE_BYTES = 16 * 1024;
/** What may be in front of the view in its buffer: the elements of any type start at a multiple of their size. */
const MOST_PADDING = 8;

/**
 * Frees the memory behind a view at once, if the view is all of it. The garbage collector would let tens of megabytes
 * pile up. Memory that is used again right away is also still in the processor's cache, which makes copies several
 * times as fast.
 *
 * Only the owner of the memory may call this: all views of it become empty.
 */
export function freeMemory({ buffer, byteLength }: ArrayBufferView): void {
  if (byteLength < LARGE_BYTES || buffer.byteLength - byteLength >= MOST_PADDING) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** Frees the memory of tensors that nobody else uses. */
export function freeTensors(tensors: Readonly<Record<string, Tensor>>): void {
  for (const { data } of Object.values(tensors)) if (ArrayBuffer.isView(data)) freeMemory(data);
}
