import { InFlightBytes, PATIENCE_MS } from './in-flight-bytes.ts';

const KIB = 1024;
let now = 0;
const cut: string[] = [];
let memory: InFlightBytes;
beforeEach(() => {
  now = 0;
  cut.length = 0;
  memory = new InFlightBytes(1024 * KIB, () => now);
});

const reserve = (name: string, bytes: number) => memory.reserve(bytes, { giveWay: () => cut.push(name) });

test('beyond the limit, requests are refused until memory is released', () => {
  const first = reserve('first', 700 * KIB);
  expect(() => reserve('second', 100 * KIB)).toThrow(
    /^1048576 bytes of requests and responses are in memory \(MAX_IN_FLIGHT_BYTES\)/,
  );
  first.release();
  first.release();
  reserve('third', 700 * KIB);
  expect(() => reserve('fourth', 100 * KIB)).toThrow('in memory');
  expect(cut).toEqual([]);
});

test('the last quarter is for small requests', () => {
  reserve('large', 768 * KIB);
  for (let count = 0; count < 4; count++) reserve('small', 64 * KIB);
  expect(() => reserve('small', 1)).toThrow('in memory');
});

test('when there is no room, the bodies that have been arriving longest are cut, as many as it takes', () => {
  for (const name of ['a', 'b', 'c', 'd']) {
    reserve(name, 190 * KIB);
    now++;
  }
  reserve('arrived', 4 * KIB).arrived();
  now = PATIENCE_MS - 1;
  expect(() => reserve('new', 300 * KIB)).toThrow('in memory');
  now = PATIENCE_MS + 1;
  reserve('new', 300 * KIB);
  expect(cut).toEqual(['a', 'b']);
  now = 10 * PATIENCE_MS;
  // Bodies that have arrived are not cut, however long the model takes.
  expect(() => reserve('too large', 765 * KIB)).toThrow('in memory');
});

test('the memory of a response is taken until it is released; the first one is sent however large it is', () => {
  const [first, second] = [reserve('first', KIB), reserve('second', KIB)];
  for (const reservation of [first, second]) reservation.arrived();
  first.send(2048 * KIB);
  expect(() => {
    second.send(100 * KIB);
  }).toThrow('in memory');
  now = PATIENCE_MS;
  second.send(100 * KIB);
  expect(cut).toEqual(['first']);
  second.release();
  reserve('all', 768 * KIB);
});

test('a body that needs more memory does not outlast those that came after it', () => {
  const slow = reserve('slow', 400 * KIB);
  now = 1;
  reserve('new', 300 * KIB);
  now = 10 * PATIENCE_MS;
  expect(() => {
    slow.grow(600 * KIB);
  }).toThrow('in memory');
  expect(cut).toEqual([]);
});

test('a body of unknown length takes more memory as it arrives', () => {
  const chunked = reserve('chunked', 64 * KIB);
  chunked.grow(10 * KIB);
  chunked.grow(100 * KIB);
  expect(chunked.bytes).toBe(128 * KIB);
  expect(() => {
    chunked.grow(800 * KIB);
  }).toThrow('in memory');
  chunked.release();
  reserve('all', 768 * KIB);
});
