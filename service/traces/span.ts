/** An attribute of a span. A whole number becomes an integer. */
export type Attribute = readonly [name: string, value: string | number | boolean];

export interface Span {
  readonly name: string;
  readonly kind: 'server' | 'internal';
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentId: string;
  /** In milliseconds, as in `performance.now()`. */
  readonly from: number;
  readonly to: number;
  readonly attributes: readonly Attribute[];
  readonly failed: boolean;
}

/** The spans of one request. */
export interface FinishedTrace {
  readonly traceId: string;
  readonly traceState: string;
  readonly spans: readonly Span[];
}
