/**
 * Encodes spans as OTLP: the numbers of the fields are those of opentelemetry-proto, trace/v1/trace.proto. The writer
 * begins at the end of a message, so fields are written in reverse order.
 */
import { version } from '../contract/index.ts';
import { WireWriter } from '../protobuf/wire-writer.ts';
import type { Attribute, FinishedTrace, Span } from './span.ts';

/** What the names of the attributes mean. */
const SCHEMA = 'https://opentelemetry.io/schemas/1.43.0';
const SCOPE = 'rhizome';
const KINDS = { internal: 1, server: 2 } as const;
const ERROR = 2;
/** The flag `sampled`: only such traces are exported. */
const SAMPLED = 1;
const BYTES_PER_SPAN = 512;
const [FIXED64, FIXED32] = [1, 5];

/**
 * Returns an ExportTraceServiceRequest.
 *
 * @param resource the attributes of the service
 * @param epochMs the time of `performance.now() === 0`, in milliseconds since 1970
 */
export function encodeTraces(
  traces: readonly FinishedTrace[],
  resource: readonly Attribute[],
  epochMs: number,
): Buffer {
  const count = traces.reduce((sum, { spans }) => sum + spans.length, 0);
  const writer = new WireWriter(BYTES_PER_SPAN * (count + 1));
  message(writer, 1, () => {
    writer.string(3, SCHEMA);
    message(writer, 2, () => {
      writer.string(3, SCHEMA);
      for (const trace of traces.toReversed())
        for (const span of trace.spans.toReversed())
          message(writer, 2, () => {
            writeSpan(writer, trace, span, epochMs);
          });
      message(writer, 1, () => {
        writer.string(2, version);
        writer.string(1, SCOPE);
      });
    });
    message(writer, 1, () => {
      writeAttributes(writer, 1, resource);
    });
  });
  return writer.finish(0);
}

function writeSpan(writer: WireWriter, { traceId, traceState }: FinishedTrace, span: Span, epochMs: number): void {
  fixed32(writer, 16, SAMPLED);
  if (span.failed)
    message(writer, 15, () => {
      varint(writer, 3, ERROR);
    });
  writeAttributes(writer, 9, span.attributes);
  nanoseconds(writer, 8, epochMs + span.to);
  nanoseconds(writer, 7, epochMs + span.from);
  varint(writer, 6, KINDS[span.kind]);
  writer.string(5, span.name);
  if (span.parentId !== '') writer.element(4, Buffer.from(span.parentId, 'hex'));
  writer.string(3, traceState);
  writer.element(2, Buffer.from(span.spanId, 'hex'));
  writer.element(1, Buffer.from(traceId, 'hex'));
}

function writeAttributes(writer: WireWriter, field: number, attributes: readonly Attribute[]): void {
  for (const [name, value] of attributes.toReversed())
    message(writer, field, () => {
      message(writer, 2, () => {
        if (typeof value === 'string') writer.element(1, value.toWellFormed());
        else if (typeof value === 'boolean') varint(writer, 2, Number(value));
        else if (Number.isSafeInteger(value)) varint(writer, 3, value);
        else double(writer, 4, value);
      });
      writer.string(1, name);
    });
}

function message(writer: WireWriter, field: number, content: () => void): void {
  const before = writer.length;
  content();
  writer.delimit(field, before);
}

function varint(writer: WireWriter, field: number, value: number): void {
  writer.varint(value);
  writer.varint(field * 8);
}

const scratch = Buffer.alloc(8);

/** Milliseconds have three decimals: the clock has no more, and a number of nanoseconds is beyond its precision. */
function nanoseconds(writer: WireWriter, field: number, milliseconds: number): void {
  scratch.writeBigUInt64LE(BigInt(Math.round(milliseconds * 1000)) * 1000n);
  writer.raw(scratch);
  writer.varint(field * 8 + FIXED64);
}

function double(writer: WireWriter, field: number, value: number): void {
  scratch.writeDoubleLE(value);
  writer.raw(scratch);
  writer.varint(field * 8 + FIXED64);
}

function fixed32(writer: WireWriter, field: number, value: number): void {
  scratch.writeUInt32LE(value);
  writer.raw(scratch.subarray(0, 4));
  writer.varint(field * 8 + FIXED32);
}
