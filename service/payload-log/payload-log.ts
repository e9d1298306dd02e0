import type { NamesOfModel } from './named-values.ts';
import { PayloadRecord, type FinishedRecord } from './payload-record.ts';
import type { Redaction } from './redaction.ts';

/** A request that may be logged. */
export interface LoggableRequest {
  readonly requestId: string;
  /** Undefined if requests are not traced. */
  readonly traceId: string | undefined;
  /** Undefined if the request's trace is not recorded. */
  readonly trace: { readonly traceparent: string } | undefined;
}

/** The model that a request runs. */
export interface LoggableModel {
  readonly name: string;
  readonly version: string;
  readonly model: { readonly signature: NamesOfModel };
}

export interface PayloadLogOptions {
  /** The share of the requests that are logged, from 0 to 1. */
  readonly sample: number;
  readonly redaction: Redaction;
  /** The largest request or response that is logged whole. */
  readonly maxBytes: number;
  readonly write: (record: FinishedRecord) => void;
}

/** Logs requests and their responses: a sample of those that succeed. */
export class PayloadLog {
  readonly #options: PayloadLogOptions;

  constructor(options: PayloadLogOptions) {
    this.#options = options;
  }

  /** Returns the record of a request; undefined if it is not in the sample. */
  begin(
    { name, version, model: { signature } }: LoggableModel,
    { requestId, traceId, trace }: LoggableRequest,
  ): PayloadRecord | undefined {
    const { sample, redaction, maxBytes, write } = this.#options;
    if (Math.random() >= sample) return undefined;
    const subject = { requestId, traceId, traceparent: trace?.traceparent, model: name, version };
    return new PayloadRecord(subject, redaction.of(signature), maxBytes, write);
  }

  /** Returns the names to keep out that none of these models has. */
  unknownNames(signatures: readonly NamesOfModel[]): readonly string[] {
    return this.#options.redaction.unknown(signatures);
  }
}
