import { VerificationError, type Model } from '../../onnx/model.ts';
import type { Check } from '../contract/index.ts';
import { formatCount } from './format-value.ts';

/** The result of a readiness check, without its name. */
export type Verification = Omit<Check, 'name'>;

/** A successful verification is reused for this long, so that many probes cost no more than one... */
const FRESH_SECONDS = 1;
/** ...and for this many times its duration, so that a slow model spends at most 1 % of its time on probes. */
const FRESH_TIMES = 100;

/** Verifies a model by running its examples when readiness is requested, and reuses recent results. */
export class Verifier {
  readonly #model: Model;
  readonly #now: () => number;
  #running: Promise<Verification> | undefined;
  #last: { readonly verification: Verification; readonly freshUntil: number } | undefined;

  /** @param now returns the milliseconds of a monotonic clock */
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
        // The model ran, and its prediction differs from its example. It will differ again.
        ...(error instanceof VerificationError && { final: true }),
      }),
    );
    const ended = this.#now();
    // A failure is never reused: the next probe tries again.
    const fresh = verification.ok ? Math.max(FRESH_SECONDS * 1000, (ended - started) * FRESH_TIMES) : 0;
    this.#last = { verification, freshUntil: ended + fresh };
    return verification;
  }
}

function proof(examples: number): string {
  return examples === 0
    ? 'The model has no examples; it ran on a generated input.'
    : `${formatCount(examples, 'example')} reproduced.`;
}
