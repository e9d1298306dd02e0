import { seededRandom } from '../../../onnx/seeded-random.ts';
import { mutateRequest } from './mutate-request.ts';

/** A request whose response is the service's fault. */
export interface Fault {
  readonly number: number;
  readonly body: Uint8Array;
  readonly why: string;
}

/** How many requests wait for their responses at a time. */
const AT_ONCE = 8;
const PATIENCE_MS = 10_000;
/** The client's fault, no time, or a prediction; the damage may be where no decoder looks. */
const expected = [200, 400, 413, 415, 422, 503, 504];

/** Sends mutated images, forms and texts to the models `colors` and `sentences`. */
export async function attackDecoders(url: string, seed: number, count: number): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const number = seed + next++;
      const { path, type, body } = mutateRequest(seededRandom(number));
      try {
        const response = await fetch(url + path, {
          method: 'POST',
          headers: { 'Content-Type': type },
          body: new Uint8Array(body),
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
        const text = await response.text();
        if (expected.includes(response.status)) continue;
        faults.push({ number, body, why: `${response.status} to ${type}: ${text.slice(0, 200)}` });
      } catch {
        // The good client tells whether the service is well.
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return faults;
}
