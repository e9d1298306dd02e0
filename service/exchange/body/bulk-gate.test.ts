import { setImmediate as turn } from 'node:timers/promises';
import { ServiceError } from '../../errors.ts';
import { BulkGate, isBulky, type BulkyRequest } from './bulk-gate.ts';

const MB = 2 ** 20;
const patient = { deadline: Infinity, abandoned: () => false };
const nothing = (): void => undefined;

function admitted(gate: BulkGate, bytes = MB): BulkyRequest {
  return gate.admit(bytes, 1e9, nothing);
}

/** Takes some time on the processor. */
function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('small bodies need no turns', () => {
  expect([isBulky(1000), isBulky(MB)]).toEqual([false, true]);
});

test('one piece of work is done in each turn of the event loop, in order', async () => {
  const gate = new BulkGate();
  let turns = 0;
  const seen: [number, number][] = [];
  const works = [0, 1, 2].map((index) => admitted(gate).work(patient, () => seen.push([index, turns])));
  const counting = setInterval(nothing);
  while (seen.length < 3) {
    await turn();
    turns++;
  }
  clearInterval(counting);
  await Promise.all(works);
  expect(seen.map(([index]) => index)).toEqual([0, 1, 2]);
  const [first, second, third] = seen.map(([, at]) => at);
  expect(first! < second! && second! < third!).toBe(true);
});

test('a body is refused once the measured work that waits would take a quarter of its time', async () => {
  const gate = new BulkGate();
  // Measures 20 ms per MiB.
  for (let count = 0; count < 40; count++) {
    const request = admitted(gate);
    await request.work(patient, () => {
      busy(20);
    });
    request.end();
  }
  let refusals = 0;
  const waiting = Array.from({ length: 100 }, () => {
    try {
      return gate.admit(MB, 800, () => refusals++);
    } catch (error) {
      expect(error).toBeInstanceOf(ServiceError);
      expect(error).toMatchObject({ code: 'overloaded', message: expect.stringContaining('KiB of large requests') });
      return undefined;
    }
  }).filter((request) => request !== undefined);
  expect(waiting.length + refusals).toBe(100);
  // A quarter of 800 ms is 10 times 20 ms; a busy machine may measure more than 20 ms.
  expect(waiting.length).toBeGreaterThan(1);
  expect(waiting.length).toBeLessThanOrEqual(12);
  for (const request of waiting) request.end();
  expect(gate.admit(MB, 800, nothing)).toBeDefined();
});

test('no more than 16 MiB wait, however fast they are, unless one body alone is larger', () => {
  const gate = new BulkGate();
  const waiting = Array.from({ length: 16 }, () => admitted(gate));
  expect(() => admitted(gate, 64 * 1024)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  for (const request of waiting) request.end();
  const large = admitted(gate, 100 * MB);
  expect(() => admitted(gate, 64 * 1024)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  large.end();
  expect(admitted(gate)).toBeDefined();
});

test('work for a client that has left, or whose deadline is over, is not done', async () => {
  const gate = new BulkGate();
  const done: string[] = [];
  await expect(
    admitted(gate).work({ deadline: Infinity, abandoned: () => true }, () => done.push('left')),
  ).rejects.toMatchObject({ code: 'timeout' });
  await expect(
    admitted(gate).work({ deadline: performance.now() - 1, abandoned: () => false }, () => done.push('late')),
  ).rejects.toMatchObject({ code: 'timeout' });
  expect(done).toEqual([]);
});

test('an error of the work reaches its request only', async () => {
  const gate = new BulkGate();
  const failing = admitted(gate).work(patient, () => {
    throw new TypeError('broken');
  });
  const fine = admitted(gate).work(patient, () => 1);
  await expect(failing).rejects.toThrow('broken');
  expect(await fine).toBe(1);
});
