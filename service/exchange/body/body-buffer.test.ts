import fc from 'fast-check';
import { BodyBuffer } from './body-buffer.ts';

const KB = 1024;

test('joins chunks, and the bytes after the JSON start at a multiple of 8', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 16 * KB, maxLength: 20 * KB }))),
      fc.nat(100),
      (chunks, json) => {
        const expected = Buffer.concat(chunks);
        const buffer = new BodyBuffer(expected.length, String(json));
        for (const chunk of chunks) buffer.add(chunk);
        expect(buffer.body.equals(expected)).toBe(true);
        if (expected.length > 0) expect((buffer.body.byteOffset + json) % 8).toBe(0);
      },
    ),
    { numRuns: 30 },
  );
});

test.each([undefined, '', 'x', '-1', '1.5', '1e400', '9'.repeat(30)])('the length of the JSON may be %p', (json) => {
  const buffer = new BodyBuffer(3, json);
  for (const text of ['a', 'bc']) buffer.add(Buffer.from(text));
  expect(buffer.body.toString()).toBe('abc');
});

test('a client that declares a large body and sends little of it does not take much memory', () => {
  const buffer = new BodyBuffer(4096 * KB, undefined);
  const allocated = (): number => buffer.body.buffer.byteLength;
  for (let index = 0; index < 10; index++) buffer.add(Buffer.alloc(10));
  expect(allocated()).toBe(16 * KB);
  buffer.add(Buffer.alloc(64 * KB));
  expect(allocated()).toBeLessThanOrEqual(32 * 65 * KB);
  buffer.add(Buffer.alloc(2048 * KB));
  expect(allocated()).toBe(4096 * KB);
});

test('a chunk does not keep its memory, unless something else is in it', () => {
  const buffer = new BodyBuffer(100 * KB, undefined);
  const own = Buffer.allocUnsafeSlow(20 * KB);
  const part = Buffer.allocUnsafeSlow(40 * KB).subarray(20 * KB);
  buffer.add(own);
  buffer.add(part);
  expect([own.length, part.length]).toEqual([0, 20 * KB]);
});
