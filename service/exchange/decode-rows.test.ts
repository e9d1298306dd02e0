import { NoSlotError } from '../../onnx/slots.ts';
import { decodeRows } from './decode-rows.ts';

test('a request whose images wait until its deadline has timed out', async () => {
  const deadline = performance.now() + 60_000;
  const model = { decode: () => Promise.reject(new NoSlotError()) };
  const features = { rows: [], pointer: () => '', single: true, warnings: new Map() };
  await expect(decodeRows(model, features, { deadline })).rejects.toMatchObject({
    code: 'timeout',
    message: 'The time for the request was over before all of it was decoded.',
  });
});
