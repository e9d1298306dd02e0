/**
 * The size of V8's semi-space, half of the memory for new objects, in MiB. Node's default is 16, most of which stays
 * resident under load, while predictions leave almost nothing behind that has to be copied. Measured with iris and 64
 * connections: 172 MB resident with 16, 119 MB with 4, and no more processor time per request.
 */
const semiSpaceMebibytes = 4;

/**
 * Returns the options of Node.js that the service runs with. The image has them as `NODE_OPTIONS`, and so do the
 * manifests, which add the size of the heap.
 *
 * @param heapMebibytes the largest size of V8's heap. By default, Node derives it from the machine's memory.
 */
export function nodeOptions(heapMebibytes?: number): string {
  return [
    ...(heapMebibytes === undefined ? [] : [`--max-old-space-size=${heapMebibytes}`]),
    `--max-semi-space-size=${semiSpaceMebibytes}`,
  ].join(' ');
}
