/** What a caller says about the trace that its request belongs to. https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The caller's span, 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether the caller records its own part. */
  readonly sampled: boolean;
}

/** Version, trace id, span id, flags. A version after 00 may have more fields. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
/** A longer `tracestate` may be discarded. */
const MOST_STATE_CHARACTERS = 512;

/** Reads the header `traceparent`. Returns undefined if it is not valid: the request then begins a trace. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  if (text === undefined) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 };
}

/** Returns the header `tracestate` as it is passed on, or nothing. */
export function traceStateOf(text: string | undefined): string {
  return text === undefined || text.length > MOST_STATE_CHARACTERS || /[^\x20-\x7e]/.test(text) ? '' : text;
}
