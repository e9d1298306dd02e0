import { VerificationError, type Model } from '../../onnx/model.ts';
import type { Check } from '../contract/index.ts';

/** A readiness check without its name. */
export type Verification = Omit<Check, 'name'>;

/** A verification is as good as new for this long, so that many probes cost no more than one... */
const FRESH_SECONDS = 1;
/** ...and for this many times what it took, so that a slow model spends at most a hundredth of its time on probes. */
const FRESH_TIMES = 100;

/** Proves a model by running its examples, as often as readiness is asked for, within reason. */
export class Verifier {
  readonly #model: Model;
  readonly #now: () => number;
  #running: Promise<Verification> | undefined;
  #last: { readonly verification: Verification; readonly freshUntil: number } | undefined;

  /** @param now milliseconds of a clock that never goes back. */
  constructor(model: Model, now: () => number = () => performance.now()) {
    this.#model = model;
    this.#now = now;
  }

  async verify(): Promise<Verification> {
    if (this.#last && this.#now() < this.#last.freshUntil) return this.#last.verification;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(): Promise<Verification> {
    const started = this.#now();
    const verification = await this.#model.verify().then(
      (): Verification => ({ ok: true, detail: proof(this.#model.signature.examples.length) }),
      (error: unknown): Verification => ({
        ok: false,
        detail: error instanceof Error ? error.message : String(error),
        // It answered, and otherwise than its example: it will again.
        ...(error instanceof VerificationError && { final: true }),
      }),
    );
    const ended = this.#now();
    // A failure is never kept: the next probe tries again.
    const fresh = verification.ok ? Math.max(FRESH_SECONDS * 1000, (ended - started) * FRESH_TIMES) : 0;
    this.#last = { verification, freshUntil: ended + fresh };
    return verification;
  }
}

function proof(examples: number): string {
  return examples === 0
    ? 'Has no examples; a made-up input ran.'
    : `${examples} ${examples === 1 ? 'example' : 'examples'} reproduced.`;
}
