/** A short run of `npm run fuzz`. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { floatsOf, modelOf, nodeOf } from '../../onnx/fixtures/hostile.ts';
import { GRAPH } from '../../onnx/graph/field-numbers.ts';
import { attackDecoders } from '../hostile/fuzz/attack-decoders.ts';
import { fuzz } from '../hostile/fuzz/fuzz.ts';

const slow = join(import.meta.dirname, '../../onnx/fixtures/slow');

const modelWithOutput = (name: string): Uint8Array =>
  modelOf([nodeOf('Relu', ['x'], ['y']), floatsOf(GRAPH.input, 'x', [1]), floatsOf(GRAPH.output, name, [1])]);

test('mutated models, images and texts, and models that crash or hang, end only their own processes', async () => {
  const also = new Map<string, Uint8Array>();
  for (const name of ['crash', 'endless']) also.set(name, await readFile(join(slow, `${name}.onnx`)));
  // The message about it takes a regular expression minutes, unless it is cut.
  also.set('long-name', modelWithOutput('x'.repeat(2 ** 20)));
  const { findings, tally } = await fuzz({ count: 10, seed: 1, workers: 2, also });
  expect(findings.map(({ name, why }) => `${name}: ${why}`)).toEqual([]);
  expect(tally.get('served next to iris')).toBe(13);
  expect(tally.get('requests with images and texts')).toBe(200);
  const responses = [...tally].filter(([what]) => what.startsWith('requests with images and texts: '));
  expect(responses.reduce((sum, [, times]) => sum + times, 0)).toBe(200);
  expect(tally.get('inference processes ended there')).toBeGreaterThan(1);
});

test('a request without a response is a finding, unless the service has ended', async () => {
  const server = createServer(({ socket }) => socket.destroy()).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { faults, responses } = await attackDecoders({ url, alive: () => true }, [1, 2]);
    expect(faults.map(({ number }) => number).sort()).toEqual([1, 2]);
    expect([...responses]).toEqual([['no response', 2]]);
    expect((await attackDecoders({ url, alive: () => false }, [1, 2])).faults).toEqual([]);
  } finally {
    server.close();
  }
});
