import fc from 'fast-check';
import { joinChunks } from './join-chunks.ts';

test('joins chunks, and the bytes after the JSON start at a multiple of 8', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.nat(100), (chunks, json) => {
      const body = joinChunks(chunks, String(json));
      expect(body.equals(Buffer.concat(chunks))).toBe(true);
      expect((body.byteOffset + json) % 8).toBe(0);
    }),
  );
});

test.each([undefined, '', 'x', '-1', '1.5', '1e400', '9'.repeat(30)])('the length may be %p', (json) => {
  expect(joinChunks([Buffer.from('a'), Buffer.from('bc')], json).toString()).toBe('abc');
});
