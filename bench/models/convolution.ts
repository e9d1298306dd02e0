import type { BenchModel } from './bench-model.ts';
import { cacheModel } from './model-cache.ts';
import { FLOAT, onnxModel, tensorValue, weight, type NodeSpec } from './onnx-file.ts';
import { seededRandom } from '../../onnx/seeded-random.ts';

const SIZE = 64;
/** The channels at each width; from one to the next, width and height are halved. */
const channels = [3, 80, 128, 176, 192];
/** Of each width, after the one that halves it. */
const LAYERS = 3;
const OUTPUTS = 10;

/** A convolution net for images of 64×64 pixels, about ten milliseconds per image on one core. */
export async function convolution(): Promise<BenchModel> {
  const file = await cacheModel('convolution', convolutionFile(), { name: 'convolution', version: '1' });
  return {
    name: 'convolution',
    ...file,
    tensorFile: file.file,
    input: 'image',
    rowShape: [3, SIZE, SIZE],
    features: [],
    ranges: [],
    classes: [],
  };
}

function convolutionFile(): Uint8Array {
  const random = seededRandom(64);
  const nodes: NodeSpec[] = [];
  const weights: Uint8Array[] = [];
  let last = 'image';
  const layer = (name: string, from: number, to: number, stride: number): void => {
    // Scaled so that the values neither vanish nor explode from layer to layer.
    const values = Float32Array.from({ length: to * from * 9 }, () => (random() - 0.5) * Math.sqrt(24 / (from * 9)));
    weights.push(weight(`${name}_weights`, [to, from, 3, 3], values));
    nodes.push(
      {
        op: 'Conv',
        inputs: [last, `${name}_weights`],
        outputs: [`${name}_sums`],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [stride, stride] },
      },
      { op: 'Relu', inputs: [`${name}_sums`], outputs: [name] },
    );
    last = name;
  };
  for (const [index, to] of channels.slice(1).entries()) {
    layer(`down${index}`, channels[index] ?? 0, to, 2);
    for (let depth = 1; depth <= LAYERS; depth += 1) layer(`same${index}_${depth}`, to, to, 1);
  }
  const width = channels.at(-1) ?? 0;
  const head = Float32Array.from({ length: width * OUTPUTS }, () => random() - 0.5);
  return onnxModel({
    inputs: [tensorValue('image', FLOAT, ['N', 3, SIZE, SIZE])],
    outputs: [tensorValue('scores', FLOAT, ['N', OUTPUTS])],
    weights: [...weights, weight('head', [width, OUTPUTS], head)],
    nodes: [
      ...nodes,
      { op: 'GlobalAveragePool', inputs: [last], outputs: ['pooled'] },
      { op: 'Flatten', inputs: ['pooled'], outputs: ['flat'] },
      { op: 'MatMul', inputs: ['flat', 'head'], outputs: ['scores'] },
    ],
  });
}
