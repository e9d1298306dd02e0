/**
 * Reads the response of another server. One that is too large is not read to its end.
 *
 * @param tooLarge the message of the error
 * @throws {Error} if it has more bytes
 */
export async function readText({ body }: Response, mostBytes: number, tooLarge: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(tooLarge);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
