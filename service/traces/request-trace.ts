import type { RunTrace } from '../inference/run.ts';
import { randomHex } from './ids.ts';
import type { Attribute, FinishedTrace, Span } from './span.ts';
import type { TraceContext } from './trace-context.ts';

/** The model of a request, for the attributes of its spans. */
export interface TracedModel {
  readonly name: string;
  readonly version: string;
  readonly executor: { readonly plan: { readonly placement: string } };
}

/** A request has at most this many runs: only one of many more rows than a run takes would have more. */
const MOST_SPANS = 64;

/** Collects the spans of a request that is recorded. */
export class RequestTrace implements RunTrace {
  readonly traceId: string;
  /** Of the request's own span, the parent of the others. */
  readonly spanId = randomHex(8);
  readonly #parentId: string;
  readonly #traceState: string;
  readonly #finish: (trace: FinishedTrace) => void;
  readonly #spans: Span[] = [];
  #model: TracedModel | undefined;
  #finished = false;

  constructor(
    traceId: string,
    parent: TraceContext | undefined,
    traceState: string,
    finish: (trace: FinishedTrace) => void,
  ) {
    this.traceId = traceId;
    this.#parentId = parent?.spanId ?? '';
    this.#traceState = traceState;
    this.#finish = finish;
  }

  /** The header that makes what this request causes a part of its trace. */
  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-01`;
  }

  /** Sets the model that the request runs. */
  runs(model: TracedModel): void {
    this.#model = model;
  }

  /** Records what a function does. */
  during<Result>(name: string, work: () => Result): Result {
    const from = performance.now();
    let failed = true;
    try {
      const result = work();
      failed = false;
      return result;
    } finally {
      this.#add(name, from, performance.now(), [], failed);
    }
  }

  decoded(from: number, to: number, failed: boolean): void {
    this.#add('decode values', from, to, [], failed);
  }

  waited(from: number, to: number): void {
    this.#add('queue', from, to, [], false);
  }

  ran(from: number, to: number, requests: number, rows: number, failed: boolean): void {
    const attributes: Attribute[] = [
      ['rhizome.batch.requests', requests],
      ['rhizome.batch.rows', rows],
      ...this.#modelAttributes(),
    ];
    this.#add('run', from, to, attributes, failed);
  }

  /** Ends the request's own span, and with it the trace. */
  end(name: string, from: number, to: number, attributes: readonly Attribute[], failed: boolean): void {
    if (this.#finished) return;
    this.#finished = true;
    const own: Span = {
      name,
      kind: 'server',
      spanId: this.spanId,
      parentId: this.#parentId,
      from,
      to,
      attributes: [...attributes, ...this.#modelAttributes()],
      failed,
    };
    this.#finish({ traceId: this.traceId, traceState: this.#traceState, spans: [own, ...this.#spans] });
  }

  #add(name: string, from: number, to: number, attributes: readonly Attribute[], failed: boolean): void {
    // A run may end after its request has failed.
    if (this.#finished || this.#spans.length === MOST_SPANS) return;
    this.#spans.push({
      name,
      kind: 'internal',
      spanId: randomHex(8),
      parentId: this.spanId,
      from,
      to,
      attributes,
      failed,
    });
  }

  #modelAttributes(): Attribute[] {
    if (this.#model === undefined) return [];
    const { name, version, executor } = this.#model;
    return [
      ['rhizome.model.name', name],
      ['rhizome.model.version', version],
      ['rhizome.model.placement', executor.plan.placement],
    ];
  }
}
