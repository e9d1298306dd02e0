import { setTimeout as sleep } from 'node:timers/promises';
import type { WireRequest } from './wire-request.ts';

/** How often the clients were answered. */
export interface PatientReport {
  readonly served: number;
  readonly refused: number;
  readonly timedOut: number;
  /** Requests without a response, by reason. */
  readonly failed: ReadonlyMap<string, number>;
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
  const failed = new Map<string, number>();
  const request = async (): Promise<void> => {
    const url = `http://127.0.0.1:${port}${path}`;
    const response = await fetch(url, { method: 'POST', headers, body: Buffer.from(body), signal });
    await response.arrayBuffer();
    if (response.ok) served += 1;
    else if (response.status === 504) timedOut += 1;
    else {
      refused += 1;
      await sleep(Number(response.headers.get('Retry-After') ?? 1) * 1000, undefined, { signal });
    }
  };
  const isOver = (): boolean => signal.aborted;
  const client = async (): Promise<void> => {
    while (!isOver()) {
      try {
        await request();
      } catch (error) {
        // fetch's own message is "fetch failed".
        const { cause } = error as Error;
        const reason = cause instanceof Error ? cause.message : String(error);
        if (!isOver()) failed.set(reason, (failed.get(reason) ?? 0) + 1);
        await sleep(isOver() ? 0 : 1000);
      }
    }
  };
  await Promise.all(Array.from({ length: count }, client));
  return { served, refused, timedOut, failed };
}
