import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { frameMessage, MessageReader, MessageTooLarge } from './messages.ts';

test('messages are the same however the bytes arrive', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1 }), (sent, sizes) => {
      const reader = new MessageReader(20);
      const bytes = Buffer.concat(sent.map(frameMessage));
      const received: Buffer[] = [];
      for (let start = 0, turn = 0; start < bytes.length; turn++) {
        const end = start + sizes[turn % sizes.length]!;
        reader.push(bytes.subarray(start, end));
        start = end;
        for (let next; (next = reader.next()) !== undefined;) received.push(next.bytes);
      }
      expect(received).toEqual(sent.map((message) => Buffer.from(message)));
      expect(reader.pending).toBe(0);
    }),
  );
});

test('a message that is too large is refused once its length has arrived', () => {
  const reader = new MessageReader(100);
  reader.push(Buffer.of(0, 0, 0, 0));
  expect(reader.next()).toBeUndefined();
  reader.push(Buffer.of(101));
  expect(() => reader.next()).toThrow(MessageTooLarge);
});

test('a message in many chunks takes no more memory than its bytes', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const used = (): number => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const reader = new MessageReader(1e6);
  reader.push(Buffer.of(0, 0, 15, 0, 0));
  const before = used();
  for (let count = 0; count < 100_000; count++) {
    // As Node does it, each chunk has memory of its own.
    reader.push(Buffer.from(Uint8Array.of(1).buffer));
    expect(reader.next()).toBeUndefined();
  }
  expect(used() - before).toBeLessThan(4e6);
  expect(reader.pending).toBe(100_005);
});

test('a message in many chunks takes linear time', () => {
  const reader = new MessageReader(1e6);
  const frame = frameMessage(Buffer.alloc(1e6, 1));
  let complete = 0;
  for (let start = 0; start < frame.length; start += 10) {
    reader.push(frame.subarray(start, start + 10));
    if (reader.next() !== undefined) complete++;
  }
  expect(complete).toBe(1);
});
