/** What clients of the HTTP port can do that costs a good client its answer, and does not. */
import { once } from 'node:events';
import { attacks, peakMebibytes } from './target.ts';
import { closed, exchange, head, open, openMany } from './sockets.ts';

const { attackTest } = attacks();
const flower = '{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}';
const MEBIBYTE = 2 ** 20;

function post(path: string, body: string): string {
  return head(path, Buffer.byteLength(body), ['Connection: close']) + body;
}

attackTest('1,300 pipelined requests for a large file whose responses are not read', async (target) => {
  const socket = await open(target.host);
  socket.pause();
  socket.write('GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: attacked\r\n\r\n'.repeat(1300));
  await closed(socket.resume().pause(), 30).catch(() => undefined);
  socket.destroy();
  expect(await peakMebibytes(target)).toBeLessThan(450);
});

attackTest('600 clients that each send a body of 1 MiB, but for its last byte', async ({ host }) => {
  const sockets = await openMany(600, host);
  const body = Buffer.alloc(MEBIBYTE - 1, '[');
  for (const socket of sockets) {
    socket.write(head('/predictions', MEBIBYTE));
    socket.write(body);
  }
  // Some are refused or cut, the others are waited for until the timeout of a request.
  await Promise.all(sockets.map((socket) => closed(socket.resume(), 20).catch(() => undefined)));
  for (const socket of sockets) socket.destroy();
});

attackTest('10,000 connections that send nothing', async ({ host }) => {
  const sockets = await openMany(10_000, host);
  const response = await exchange(host, post('/predictions', flower));
  expect(response).toMatch(/^HTTP\/1\.1 200 /);
  for (const socket of sockets) socket.destroy();
});

attackTest('3,000 connections that are reset in the middle of a body', async ({ host }) => {
  for (let round = 0; round < 30; round++) {
    const sockets = await openMany(100, host);
    for (const socket of sockets) {
      socket.write(head('/predictions', 1000) + '[');
      socket.resetAndDestroy();
    }
  }
});

attackTest('a body of 1 MiB with as many rows as fit, each outside of the ranges', async ({ host }) => {
  const rows = 130_000;
  const zeros = `[${'0,'.repeat(rows - 1)}0]`;
  const columns = `"sepal_length":${zeros},"sepal_width":${zeros},"petal_length":${zeros},"petal_width":${zeros}`;
  const body = `{"columns":{${columns}}}`;
  const response = await exchange(host, post('/predictions', body), 30);
  expect(response).toMatch(/^HTTP\/1\.1 (200|413) /);
  expect(response.length).toBeLessThan(32 * MEBIBYTE);
});

attackTest('a body of 1 MB with rows that lack everything', async ({ host }) => {
  const response = await exchange(host, post('/predictions', `[${'{},'.repeat(330_000)}{}]`), 30);
  expect(response).toMatch(/^HTTP\/1\.1 (413|422) /);
  expect(response.length).toBeLessThan(100_000);
});

attackTest('a body of 1 MB that begins a comment again and again', async ({ host }) => {
  const response = await exchange(host, post('/predictions', '/*'.repeat(500_000)), 30);
  expect(response).toMatch(/^HTTP\/1\.1 400 [^]*line 1, column 1/);
});

attackTest('tensors without elements, or with more than memory has', async ({ host }) => {
  for (const shape of [
    [0, 4],
    [67_108_864, 0, 16],
    [2 ** 31, 4],
    [-1, 4],
  ]) {
    const body = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape, data: [] }] });
    expect(await exchange(host, post('/v2/models/iris/infer', body))).toMatch(/^HTTP\/1\.1 (200|422) /);
  }
});

attackTest('requests that two servers could understand differently', async ({ host }) => {
  for (const lines of [
    ['Host: a', 'Host: b', 'Content-Length: 2'],
    ['Host: a', 'Transfer-Encoding: gzip, chunked'],
    ['Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 2'],
    ['Host: a', 'Content-Length: 2', 'Content-Length: 3'],
  ]) {
    const text = ['POST /predictions HTTP/1.1', ...lines, 'Content-Type: application/json', '', '{}'].join('\r\n');
    expect([lines, (await exchange(host, text)).slice(0, 12)]).toEqual([lines, 'HTTP/1.1 400']);
  }
});

attackTest('headers without end', async ({ host }) => {
  const socket = await open(host);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.write('GET /livez HTTP/1.1\r\nHost: attacked\r\n');
  for (let line = 0; line < 2000 && !socket.destroyed; line++)
    if (!socket.write(`X-${line}: ${'a'.repeat(1000)}\r\n`))
      await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  await closed(socket, 15);
  expect(received === '' || received.startsWith('HTTP/1.1 431')).toBe(true);
});
