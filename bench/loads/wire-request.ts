/** A request as it goes over the wire. Load generators send it many times. */
export interface WireRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Sends a request once. @throws {Error} if the status is not 2xx, or the response is not a correct one */
export async function probe(
  port: number,
  { path, headers, body }: WireRequest,
  isCorrect: (body: Buffer) => boolean,
): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers,
    body: Buffer.from(body),
    signal: AbortSignal.timeout(60_000),
  });
  const received = Buffer.from(await response.arrayBuffer());
  if (!response.ok || !isCorrect(received))
    throw new Error(`${path} responded ${response.status}: ${received.subarray(0, 300).toString()}`);
}
