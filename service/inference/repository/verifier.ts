import { VerificationError, type Model } from '../../../onnx/model.ts';
import type { Check } from '../../contract/index.ts';
import { formatCount } from '../format-value.ts';
import { within } from '../within.ts';

/** The result of a readiness check, without its name. */
export type Verification = Omit<Check, 'name'>;

/** A successful verification is not repeated for this long, so that many probes cost no more than one... */
const FRESH_SECONDS = 1;
/** ...and for this many times its duration, so that a slow model spends at most 1 % of its time on probes. */
const FRESH_TIMES = 100;
/** How long a probe waits if the last verification failed, or there is none yet. Less than the timeout of probes. */
const PATIENCE_MS = 1000;

export interface VerifierOptions {
  /** Returns why the model cannot run at the moment; undefined if it can. @default it always can */
  readonly outage?: () => string | undefined;
  /** Returns the milliseconds of a monotonic clock. @default performance.now */
  readonly now?: () => number;
}

/**
 * Verifies a model by running its examples when readiness is requested. A busy model is not a broken one: while a
 * verification waits for its turn, the last result remains valid.
 */
export class Verifier {
  readonly #model: Model;
  readonly #outage: () => string | undefined;
  readonly #now: () => number;
  #running: Promise<Verification> | undefined;
  #last: { readonly verification: Verification; readonly freshUntil: number } | undefined;

  constructor(model: Model, { outage = () => undefined, now = () => performance.now() }: VerifierOptions = {}) {
    this.#model = model;
    this.#outage = outage;
    this.#now = now;
  }

  /** Why the model is not verified: it has no examples, or did not reproduce them the last time. */
  get notVerified(): string | undefined {
    const last = this.#last?.verification;
    return this.#model.notVerified ?? (last?.ok === false ? last.detail : undefined);
  }

  /** @param patienceMs how long to wait for a result if the last one is a failure, or there is none */
  async verify(patienceMs = PATIENCE_MS): Promise<Verification> {
    const outage = this.#outage();
    if (outage !== undefined) {
      // What runs afterwards has to prove itself again.
      this.#last = undefined;
      return { ok: false, detail: outage };
    }
    const last = this.#last;
    if (last?.verification.ok !== true) {
      return within(
        patienceMs,
        this.#verifyAgain(),
        () => this.#last?.verification ?? { ok: false, detail: 'The model is running its examples.' },
      );
    }
    if (this.#now() >= last.freshUntil) void this.#verifyAgain();
    return last.verification;
  }

  #verifyAgain(): Promise<Verification> {
    return (this.#running ??= this.#run().finally(() => (this.#running = undefined)));
  }

  async #run(): Promise<Verification> {
    const started = this.#now();
    const verification = await this.#model.verify().then(
      (): Verification => ({ ok: true, detail: proof(this.#model) }),
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

function proof({ signature: { examples }, notVerified, neverRan }: Model): string {
  if (notVerified !== undefined) return `${neverRan ? 'Not verified. ' : ''}${notVerified}`;
  return `${formatCount(examples.length, 'example')} reproduced.`;
}
