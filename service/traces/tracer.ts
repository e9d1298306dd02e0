import type { SamplerConfig } from '../config/telemetry.ts';
import type { ExportQueue } from '../exports/export-queue.ts';
import { randomHex } from './ids.ts';
import { RequestTrace } from './request-trace.ts';
import { isSampled } from './sampler.ts';
import type { FinishedTrace } from './span.ts';
import { parseTraceparent, traceStateOf } from './trace-context.ts';

/** The trace of a request, whether it is recorded or not. */
export interface StartedTrace {
  readonly traceId: string;
  /** Undefined if it is not recorded. */
  readonly recording: RequestTrace | undefined;
}

/** Returns a header of a request. @param name in lower case */
export type ReadHeader = (name: string) => string | undefined;

/** Decides which requests are traced, and hands their spans to the export. */
export class Tracer {
  readonly #sampling: SamplerConfig;
  readonly #queue: Pick<ExportQueue<FinishedTrace>, 'add'>;
  readonly #finish = (trace: FinishedTrace): void => {
    this.#queue.add(trace);
  };

  constructor(sampling: SamplerConfig, queue: Pick<ExportQueue<FinishedTrace>, 'add'>) {
    this.#sampling = sampling;
    this.#queue = queue;
  }

  /** Continues the trace of the caller, or begins one. */
  start(header: ReadHeader): StartedTrace {
    const parent = parseTraceparent(header('traceparent'));
    const traceId = parent?.traceId ?? randomHex(16);
    if (!isSampled(this.#sampling, traceId, parent)) return { traceId, recording: undefined };
    const state = parent === undefined ? '' : traceStateOf(header('tracestate'));
    return { traceId, recording: new RequestTrace(traceId, parent, state, this.#finish) };
  }
}
