import type { Logger } from 'pino';
import type { NamesOfModel } from './named-values.ts';
import { PayloadRecord, type FinishedRecord, type PayloadSubject, type RecordSink } from './payload-record.ts';
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
  /** Returns whether there is room for another record. @default always */
  readonly hasRoom?: () => boolean;
  /** A record found no room. */
  readonly drop?: () => void;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Logs requests and their responses: a sample of those that succeed. */
export class PayloadLog {
  readonly #options: PayloadLogOptions;
  readonly #sink: RecordSink;
  #failed = false;

  constructor(options: PayloadLogOptions) {
    this.#options = options;
    const { write, hasRoom = () => true, drop = () => undefined } = options;
    this.#sink = {
      write,
      hasRoom,
      drop,
      failed: (error, subject) => {
        this.#warn(error, subject);
      },
    };
  }

  /** Returns the record of a request; undefined if it is not in the sample. */
  begin(
    { name, version, model: { signature } }: LoggableModel,
    { requestId, traceId, trace }: LoggableRequest,
  ): PayloadRecord | undefined {
    const { sample, redaction, maxBytes } = this.#options;
    if (Math.random() >= sample) return undefined;
    const subject = { requestId, traceId, traceparent: trace?.traceparent, model: name, version };
    return new PayloadRecord(subject, redaction.of(signature), maxBytes, this.#sink);
  }

  /** Returns the names to keep out that none of these models has. */
  unknownNames(signatures: readonly NamesOfModel[]): readonly string[] {
    return this.#options.redaction.unknown(signatures);
  }

  /** Warns of the first failure: further ones probably have the same reason. */
  #warn(error: unknown, { requestId, model, version }: PayloadSubject): void {
    if (this.#failed) return;
    this.#failed = true;
    // The message of an error may quote a value that must not be in the log.
    const reason = error instanceof Error ? error.name : typeof error;
    const about = { request_id: requestId, model, version, reason };
    this.#options.logger.warn(about, 'a request cannot be recorded in the payload log');
  }
}
