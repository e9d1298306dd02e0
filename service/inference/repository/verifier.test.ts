import type { Model } from '../../../onnx/model.ts';
import { Verifier } from './verifier.ts';

function fake(verify: () => Promise<void>): Model {
  return { signature: { examples: [{}, {}] }, verify } as unknown as Model;
}

test('many concurrent and subsequent probes need one verification', async () => {
  let runs = 0;
  let now = 0;
  const verifier = new Verifier(
    fake(() => {
      runs++;
      return Promise.resolve();
    }),
    { now: () => now },
  );
  await Promise.all([verifier.verify(), verifier.verify(), verifier.verify()]);
  now = 999;
  expect(await verifier.verify()).toEqual({ ok: true, detail: '2 examples reproduced.' });
  expect(runs).toBe(1);
  now = 1001;
  await verifier.verify();
  expect(runs).toBe(2);
});

test('a slow model is verified at most 1 % of the time', async () => {
  let runs = 0;
  let now = 0;
  const verifier = new Verifier(
    fake(() => {
      runs++;
      now += 500;
      return Promise.resolve();
    }),
    { now: () => now },
  );
  await verifier.verify();
  now += 49_999;
  await verifier.verify();
  expect(runs).toBe(1);
  now += 2;
  await verifier.verify();
  expect(runs).toBe(2);
});

test('a failure is not reused: the next probe tries again', async () => {
  const outcomes = [Promise.reject(new Error('expected a, predicted b')), Promise.resolve()];
  const verifier = new Verifier(
    fake(() => outcomes.shift()!),
    { now: () => 0 },
  );
  expect(await verifier.verify()).toEqual({ ok: false, detail: 'expected a, predicted b' });
  expect(await verifier.verify()).toMatchObject({ ok: true });
});

test('while a busy model is verified again, probes get the last result at once', async () => {
  let now = 0;
  const busy = Promise.withResolvers<undefined>();
  const outcomes = [Promise.resolve(), busy.promise, Promise.resolve()];
  const verifier = new Verifier(
    fake(() => outcomes.shift()!),
    { now: () => now },
  );
  await verifier.verify();
  now = 2000;
  expect(await verifier.verify()).toMatchObject({ ok: true });
  expect(await verifier.verify()).toMatchObject({ ok: true });
  expect(outcomes).toHaveLength(1);
  busy.reject(new Error('expected a, predicted b'));
  await new Promise((resolve) => setImmediate(resolve));
  // The next probe sees the failure and tries again.
  expect(await verifier.verify()).toMatchObject({ ok: true });
  expect(outcomes).toHaveLength(0);
});

test('a probe waits only a while for a model that has not been verified', async () => {
  const verifier = new Verifier(fake(() => new Promise(() => undefined)));
  expect(await verifier.verify(10)).toEqual({ ok: false, detail: 'The model is running its examples.' });
});

test('an outage is reported at once, and what runs afterwards has to prove itself again', async () => {
  let outage: string | undefined;
  let runs = 0;
  const verifier = new Verifier(
    fake(() => {
      runs++;
      return Promise.resolve();
    }),
    { outage: () => outage, now: () => 0 },
  );
  await verifier.verify();
  outage = 'The process ended.';
  expect(await verifier.verify()).toEqual({ ok: false, detail: 'The process ended.' });
  outage = undefined;
  expect(await verifier.verify()).toMatchObject({ ok: true });
  expect(runs).toBe(2);
});
