/** At least the size of any element, so that every type of array can be a view. */
const ALIGNMENT = 8;

/**
 * Joins the chunks of a body. Binary tensors after the JSON then start where a typed array can be a view of them, which
 * spares another copy.
 *
 * @param jsonLength `Inference-Header-Content-Length`, if the request has it; it need not be valid
 */
export function joinChunks(chunks: readonly Uint8Array[], jsonLength: string | undefined): Buffer {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const json = Number(jsonLength);
  const padding = Number.isSafeInteger(json) && json >= 0 ? (ALIGNMENT - (json % ALIGNMENT)) % ALIGNMENT : 0;
  // Not from the pool, where it could start anywhere.
  const body = Buffer.allocUnsafeSlow(padding + length).subarray(padding);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
