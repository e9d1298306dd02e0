import { parseQuantity } from '../props/quantity.ts';

/**
 * The rest of the limit is for what V8's heap does not hold: models, tensors, the ONNX runtime's memory, buffers, code.
 */
const shareOfLimit = 0.5;

/**
 * Returns the maximum size of V8's heap, in MiB, for a memory limit. Without a maximum, Node sizes the heap by the
 * machine's memory, and the kernel kills the container before the garbage collector sees a reason to run.
 *
 * @param memoryLimit a Kubernetes quantity, such as `512Mi`
 */
export function heapMebibytes(memoryLimit: string): number {
  return Math.floor(((parseQuantity(memoryLimit) ?? 0) * shareOfLimit) / 2 ** 20);
}
