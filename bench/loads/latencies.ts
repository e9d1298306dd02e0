import { percentile } from '../figures.ts';

/** What became of the requests of one kind. Latencies are in milliseconds, from when the request was due. */
export interface OutcomeSummary {
  readonly sent: number;
  /** Responses with 2xx. */
  readonly accepted: number;
  /** Accepted responses that came before the load ended, per second of the load. */
  readonly goodput: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Responses with 503 or 429, which say that the server has too much to do. */
  readonly refused: number;
  readonly refusedP99: number;
  /** How often each other outcome occurred, such as `504` or `no response`. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Counts the outcomes of requests, and keeps their latencies. */
export class OutcomeCounter {
  readonly #accepted: number[] = [];
  readonly #refused: number[] = [];
  readonly #errors = new Map<string, number>();
  #inTime = 0;
  #sent = 0;

  sent(): void {
    this.#sent += 1;
  }

  /** @param inTime whether the response came before the load ended */
  done(outcome: number | string, latency: number, inTime: boolean): void {
    if (typeof outcome === 'number' && outcome >= 200 && outcome < 300) {
      this.#accepted.push(latency);
      if (inTime) this.#inTime += 1;
    } else if (outcome === 503 || outcome === 429) this.#refused.push(latency);
    else this.#errors.set(String(outcome), (this.#errors.get(String(outcome)) ?? 0) + 1);
  }

  summary(seconds: number): OutcomeSummary {
    return {
      sent: this.#sent,
      accepted: this.#accepted.length,
      goodput: this.#inTime / seconds,
      p50: percentile(this.#accepted, 50),
      p99: percentile(this.#accepted, 99),
      max: percentile(this.#accepted, 100),
      refused: this.#refused.length,
      refusedP99: percentile(this.#refused, 99),
      errors: Object.fromEntries(this.#errors),
    };
  }
}
