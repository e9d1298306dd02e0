import type { NamedTensor } from '../inference/named-tensor.ts';
import { stringifyJson } from '../protocol/json.ts';
import type { ModelRedaction } from './model-redaction.ts';
import { tensorsText } from './tensor-text.ts';

/** What a record is about. */
export interface PayloadSubject {
  readonly requestId: string;
  /** Undefined if requests are not traced. */
  readonly traceId: string | undefined;
  /** The header that makes what the request causes a part of its trace; undefined if the trace is not recorded. */
  readonly traceparent: string | undefined;
  readonly model: string;
  readonly version: string;
}

/** A record that is complete. */
export interface FinishedRecord {
  readonly subject: PayloadSubject;
  /** The fields of the record, as JSON without its braces. */
  readonly fields: string;
}

/** Where records go. */
export interface RecordSink {
  /** Returns whether there is room for another record. Otherwise none is built. */
  hasRoom(): boolean;
  write(record: FinishedRecord): void;
  /** A record found no room. */
  drop(): void;
  /** A record could not be built or written. */
  failed(error: unknown, subject: PayloadSubject): void;
}

/** Collects what the log has of one request. A failure ends the record, never the request. */
export class PayloadRecord {
  readonly #subject: PayloadSubject;
  readonly #redaction: ModelRedaction;
  readonly #mostBytes: number;
  readonly #sink: RecordSink;
  /** Undefined if there was no room for it. */
  #request: string | undefined;
  #failed = false;

  constructor(subject: PayloadSubject, redaction: ModelRedaction, mostBytes: number, sink: RecordSink) {
    this.#subject = subject;
    this.#redaction = redaction;
    this.#mostBytes = mostBytes;
    this.#sink = sink;
  }

  /**
   * @param body returns the body, if it is not too large to be logged
   * @param bytes the length of the body
   */
  requestBody(body: () => unknown, bytes: number): void {
    this.#begin(() => this.#bodyText(bytes, body));
  }

  requestTensors(inputs: readonly NamedTensor[]): void {
    this.#begin(() => `{"inputs":${this.#tensorsText(inputs)}}`);
  }

  /** Completes the record. */
  responseBody(text: string): void {
    this.#complete(() => {
      const bytes = Buffer.byteLength(text);
      // The text is compact: only a record without some values has to be written anew.
      if (!this.#redaction.any && bytes <= this.#mostBytes) return text;
      return this.#bodyText(bytes, () => JSON.parse(text) as unknown);
    });
  }

  /** Completes the record. */
  responseTensors(outputs: readonly NamedTensor[]): void {
    this.#complete(() => `{"outputs":${this.#tensorsText(outputs)}}`);
  }

  #begin(request: () => string): void {
    this.#attempt(() => {
      if (this.#sink.hasRoom()) this.#request = request();
    });
  }

  #complete(response: () => string): void {
    this.#attempt(() => {
      const request = this.#request;
      if (request === undefined || !this.#sink.hasRoom()) this.#sink.drop();
      else this.#sink.write({ subject: this.#subject, fields: this.#fields(request, response()) });
    });
  }

  #attempt(step: () => void): void {
    if (this.#failed) return;
    try {
      step();
    } catch (error) {
      this.#failed = true;
      this.#sink.failed(error, this.#subject);
    }
  }

  #bodyText(bytes: number, body: () => unknown): string {
    if (bytes > this.#mostBytes) return JSON.stringify({ omitted: 'too large', bytes });
    return stringifyJson(this.#redaction.apply(body()));
  }

  #tensorsText(tensors: readonly NamedTensor[]): string {
    return tensorsText(tensors, this.#mostBytes, (name) => this.#redaction.concerns(name));
  }

  #fields(request: string, response: string): string {
    const { requestId, traceId, model, version } = this.#subject;
    return (
      `"request_id":${JSON.stringify(requestId)}${traceId === undefined ? '' : `,"trace_id":"${traceId}"`}` +
      `,"model":${JSON.stringify(model)},"version":${JSON.stringify(version)}` +
      `,"request":${request},"response":${response}`
    );
  }
}
