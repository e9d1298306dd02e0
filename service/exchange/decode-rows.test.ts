import type { Feature } from '../../onnx/signature/features.ts';
import { NoSlotError } from '../../onnx/slots.ts';
import { decodeRows } from './decode-rows.ts';

const features = { rows: [], pointer: () => '', single: true, warnings: new Map() };
const deadline = performance.now() + 60_000;
type DecodedModel = Parameters<typeof decodeRows>[0];
const modelOf = (decode: Feature['decode'], decodeAll: DecodedModel['decode'], decodeWaitMs = 0): DecodedModel => {
  const feature = { name: 'image', input: 'image', dtype: 'float32', shape: [], ...(decode && { decode }) } as const;
  const signature = { name: 'm', version: '1', features: [feature] } as unknown as DecodedModel['signature'];
  return { decode: decodeAll, decodeWaitMs, signature };
};

const observer = { decoded: jest.fn<undefined, [seconds: number]>(), refused: jest.fn<undefined, [reason: string]>() };
beforeEach(() => jest.clearAllMocks());

test('a request whose images wait until its deadline has timed out', async () => {
  const model = modelOf({}, () => Promise.reject(new NoSlotError()));
  await expect(decodeRows(model, features, { deadline }, observer)).rejects.toMatchObject({
    code: 'timeout',
    message: 'The time for the request was over before all of it was decoded.',
  });
  expect(observer.refused.mock.calls).toEqual([['expired']]);
});

test('a request whose images would wait for more than a third of its time is refused at once', async () => {
  const soon = performance.now() + 60_000;
  const patient = modelOf({}, () => Promise.resolve([]), 10_000);
  await expect(decodeRows(patient, features, { deadline: soon }, observer)).resolves.toEqual([]);
  const busy = modelOf({}, () => Promise.resolve([]), 30_000);
  await expect(decodeRows(busy, features, { deadline: soon }, observer)).rejects.toMatchObject({ code: 'overloaded' });
  expect(observer.refused.mock.calls).toEqual([['decoding']]);
});

test('decoding is timed, and has a span in the trace of a request, if the model decodes', async () => {
  const spans: boolean[] = [];
  const trace = {
    decoded: (from: number, to: number, failed: boolean) => {
      if (from <= to) spans.push(failed);
    },
    waited: () => undefined,
    ran: () => undefined,
  };
  await decodeRows(
    modelOf({}, () => Promise.resolve([])),
    features,
    { deadline, trace },
    observer,
  );
  await decodeRows(
    modelOf(undefined, () => Promise.resolve([])),
    features,
    { deadline, trace },
    observer,
  );
  const late = modelOf({}, () => Promise.reject(new NoSlotError()));
  await expect(decodeRows(late, features, { deadline, trace }, observer)).rejects.toThrow();
  expect(spans).toEqual([false, true]);
  expect(observer.decoded.mock.calls).toEqual([[expect.any(Number)], [expect.any(Number)]]);
});
