import fc from 'fast-check';
import { FrameAssembler } from './frame-assembler.ts';
import { FrameReader } from './frame-reader.ts';
import { encodeFrame, type Frame } from './frames.ts';

const part = fc
  .tuple(fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 20_000, max: 90_000 })), fc.nat())
  .map(([bytes, seed]) => Uint8Array.from({ length: bytes }, (_, index) => seed + 7 * index));
const frames = fc.array(
  fc.record({
    header: fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })),
    parts: fc.array(part, { maxLength: 4 }),
  }),
  { maxLength: 5 },
);
/** Where to cut the stream into chunks: between one byte and more than any frame has. */
const lengths = fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 65_536 })));

/** Strings are compared faster than bytes. */
const plain = ({ header, parts }: Frame): unknown => ({
  header,
  parts: parts.map((bytes) => Buffer.from(bytes).toString('latin1')),
});
/** JSON has no negative zero. */
const expected = (sent: readonly Frame[]): unknown[] =>
  sent.map(({ header, parts }) => plain({ header: JSON.parse(JSON.stringify(header)) as unknown, parts }));

/** Every part has to be at a multiple of 8 bytes, so that it can be used as a tensor. */
const aligned = ({ parts }: Frame): boolean => parts.every(({ byteOffset }) => byteOffset % 8 === 0);

test('frames arrive complete, in order and aligned, wherever the stream is cut', () => {
  fc.assert(
    fc.property(frames, lengths, (sent, cuts) => {
      const stream = Buffer.concat(sent.flatMap(encodeFrame));
      const received: unknown[] = [];
      const assembler = new FrameAssembler((frame) => {
        expect(aligned(frame)).toBe(true);
        received.push(plain(frame));
      });
      for (let start = 0; start < stream.length;) {
        const length: number = cuts.next().value;
        // As Node does it, each chunk has memory of its own.
        assembler.add(Buffer.copyBytesFrom(stream, start, length));
        start += length;
      }
      expect(received).toEqual(expected(sent));
    }),
    { numRuns: 100 },
  );
});

test.each([1001, 2 ** 40, Infinity, NaN, -1, 0])('an assembler allocates nothing for a frame of %d bytes', (bytes) => {
  const chunk = Buffer.alloc(16);
  chunk.writeDoubleLE(bytes, 0);
  for (const cut of [16, 5]) {
    const assembler = new FrameAssembler(() => undefined, 1000);
    expect(() => {
      assembler.add(chunk.subarray(0, cut));
      assembler.add(chunk.subarray(cut));
    }).toThrow('expected at most 1000');
  }
});

test('a reader gets the same frames, and reuses its buffer', () => {
  fc.assert(
    fc.property(frames, lengths, (sent, cuts) => {
      const stream = Buffer.concat(sent.flatMap(encodeFrame));
      let position = 0;
      const reader = new FrameReader((buffer, offset, length) => {
        const count = stream.copy(buffer, offset, position, position + Math.min(length, cuts.next().value));
        position += count;
        return count;
      });
      const received: unknown[] = [];
      for (let frame = reader.next(); frame; frame = reader.next()) {
        expect(aligned(frame)).toBe(true);
        received.push(plain(frame));
        if (received.length === 2 && sent.length === 2) reader.free();
      }
      expect(received).toEqual(expected(sent));
    }),
    { numRuns: 100 },
  );
});
