import fc from 'fast-check';
import { EngineError } from '../engine.ts';
import { fromErrorResponse, fromParts, toErrorResponse, toParts } from './messages.ts';
import { randomTensor, tensorBits } from './fixtures/random-tensor.ts';

test('tensors keep their names, types, shapes and every bit', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.array(fc.nat({ max: 4 }), { maxLength: 3 }).chain(randomTensor)),
      (sent) => {
        const { described, parts } = toParts(sent);
        const received = fromParts(JSON.parse(JSON.stringify(described)) as typeof described, parts);
        expect(Object.entries(received).map(([name, tensor]) => [name, tensorBits(tensor)])).toEqual(
          Object.entries(sent).map(([name, tensor]) => [name, tensorBits(tensor)]),
        );
      },
    ),
  );
});

test('a large tensor is not copied', () => {
  const data = new Float32Array(100_000);
  const { described, parts } = toParts({ X: { dtype: 'float32', shape: [100_000], data } });
  expect((fromParts(described, parts)['X']!.data as Float32Array).buffer).toBe(data.buffer);
});

test('an error keeps its code, its reason and the words of its cause', () => {
  const sent = new EngineError('unknown-operator', 'no such operator', { cause: new Error('No Op registered') });
  const received = fromErrorResponse(toErrorResponse(sent));
  expect(received).toMatchObject({ code: sent.code, reason: sent.reason, message: sent.message });
  expect((received.cause as Error).message).toBe('No Op registered');
});
