import { parseQuantity } from '../props/quantity.ts';

/** The rest of the limit is for what lives outside of V8's heap: models, tensors, the runtime's arenas, buffers, code. */
const shareOfLimit = 0.5;

/**
 * Largest size of V8's heap, in MiB, under a memory limit. Without it Node sizes the heap by the machine, and the kernel
 * kills the container before the garbage collector sees a reason to run.
 */
export function heapMebibytes(memoryLimit: string): number {
  return Math.floor(((parseQuantity(memoryLimit) ?? 0) * shareOfLimit) / 2 ** 20);
}
