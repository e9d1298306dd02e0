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

/** Collects what the log has of one request. A failure ends the record, never the request. */
export class PayloadRecord {
  readonly #subject: PayloadSubject;
  readonly #redaction: ModelRedaction;
  readonly #mostBytes: number;
  readonly #finish: (record: FinishedRecord) => void;
  #request = '';
  #response = '';

  constructor(
    subject: PayloadSubject,
    redaction: ModelRedaction,
    mostBytes: number,
    finish: (record: FinishedRecord) => void,
  ) {
    this.#subject = subject;
    this.#redaction = redaction;
    this.#mostBytes = mostBytes;
    this.#finish = finish;
  }

  /** @param bytes the length of the body */
  requestBody(body: unknown, bytes: number): void {
    this.#request = this.#bodyText(bytes, () => body);
  }

  requestTensors(inputs: readonly NamedTensor[]): void {
    this.#request = `{"inputs":${this.#tensorsText(inputs)}}`;
  }

  /** Completes the record. */
  responseBody(text: string): void {
    const bytes = Buffer.byteLength(text);
    // The text is compact: only a record without some values has to be written anew.
    this.#response =
      this.#redaction.any || bytes > this.#mostBytes ? this.#bodyText(bytes, () => JSON.parse(text) as unknown) : text;
    this.#end();
  }

  /** Completes the record. */
  responseTensors(outputs: readonly NamedTensor[]): void {
    this.#response = `{"outputs":${this.#tensorsText(outputs)}}`;
    this.#end();
  }

  #bodyText(bytes: number, body: () => unknown): string {
    if (bytes > this.#mostBytes) return JSON.stringify({ omitted: 'too large', bytes });
    return stringifyJson(this.#redaction.apply(body()));
  }

  #tensorsText(tensors: readonly NamedTensor[]): string {
    return tensorsText(tensors, this.#mostBytes, (name) => this.#redaction.concerns(name));
  }

  #end(): void {
    const { requestId, traceId, model, version } = this.#subject;
    const fields =
      `"request_id":${JSON.stringify(requestId)}${traceId === undefined ? '' : `,"trace_id":"${traceId}"`}` +
      `,"model":${JSON.stringify(model)},"version":${JSON.stringify(version)}` +
      `,"request":${this.#request},"response":${this.#response}`;
    this.#finish({ subject: this.#subject, fields });
  }
}
