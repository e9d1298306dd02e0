import { setTimeout as sleep } from 'node:timers/promises';
import type { WireRequest } from './wire-request.ts';

/** How often the clients were answered. */
export interface PatientReport {
  readonly served: number;
  readonly refused: number;
  readonly timedOut: number;
}

/**
 * Clients that each send one request after the other, as long as `signal` is not aborted. They wait as long as a
 * refusal's Retry-After says. They run in this process: it is for models that take long, and so for few requests.
 */
export async function patientClients(
  port: number,
  { path, headers, body }: WireRequest,
  count: number,
  signal: AbortSignal,
): Promise<PatientReport> {
  let [served, refused, timedOut] = [0, 0, 0];
  const client = async (): Promise<void> => {
    while (!signal.aborted) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers,
        body: Buffer.from(body),
        signal,
      });
      await response.arrayBuffer();
      if (response.ok) served += 1;
      else if (response.status === 504) timedOut += 1;
      else {
        refused += 1;
        await sleep(Number(response.headers.get('Retry-After') ?? 1) * 1000, undefined, { signal });
      }
    }
  };
  const all = Array.from({ length: count }, () =>
    client().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    }),
  );
  await Promise.all(all);
  return { served, refused, timedOut };
}
