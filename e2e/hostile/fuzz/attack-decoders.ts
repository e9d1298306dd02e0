import { seededRandom } from '../../../onnx/seeded-random.ts';
import type { ServiceProcess } from '../../../service/fixtures/process.ts';
import { mutateRequest, type FuzzedRequest } from './mutate-request.ts';

/** A request whose response, or the lack of one, is the service's fault. */
export interface Fault {
  /** The request's number, from which it can be made again. */
  readonly number: number;
  readonly why: string;
}

/** What came of the requests. */
export interface Attack {
  readonly faults: readonly Fault[];
  /** How many had each status, or no response. */
  readonly responses: ReadonlyMap<number | 'no response', number>;
}

/** How many requests wait for their responses at a time. */
const AT_ONCE = 8;
const PATIENCE_MS = 10_000;
/** The service had no time for the request. */
export const noTime = [503, 504];
/** A prediction, or the client's fault; the damage may be where no decoder looks. */
const expected = [200, 400, 413, 415, 422, ...noTime];

/** Returns the mutated image, form or text with a number. */
export const numberedRequest = (number: number): FuzzedRequest => mutateRequest(seededRandom(number));

/** Sends mutated images, forms and texts to the models `colors` and `sentences`. */
export async function attackDecoders(
  { url, alive }: Pick<ServiceProcess, 'url' | 'alive'>,
  requests: readonly number[],
): Promise<Attack> {
  const faults: Fault[] = [];
  const unanswered: Fault[] = [];
  const responses = new Map<number | 'no response', number>();
  const count = (status: number | 'no response'): void => void responses.set(status, (responses.get(status) ?? 0) + 1);
  const left = requests.values();
  const work = async (): Promise<void> => {
    for (const number of left) {
      const { path, type, body } = numberedRequest(number);
      try {
        const response = await fetch(url + path, {
          method: 'POST',
          headers: { 'Content-Type': type },
          body: new Uint8Array(body),
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
        const text = await response.text();
        count(response.status);
        if (!expected.includes(response.status))
          faults.push({ number, why: `${response.status} to ${type}: ${text.slice(0, 200)}` });
      } catch (error) {
        count('no response');
        const { cause = error } = error as Error;
        unanswered.push({ number, why: `no response to ${type}: ${String(cause)}` });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  // If the service ended, that is the finding, and which of the requests did it has yet to be found.
  return { faults: alive() ? [...faults, ...unanswered] : faults, responses };
}
