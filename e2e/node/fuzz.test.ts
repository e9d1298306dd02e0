/** A short run of `npm run fuzz`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { floatsOf, modelOf, nodeOf } from '../../onnx/fixtures/hostile.ts';
import { GRAPH } from '../../onnx/graph/field-numbers.ts';
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
  expect(tally.get('inference processes ended there')).toBeGreaterThan(1);
});
