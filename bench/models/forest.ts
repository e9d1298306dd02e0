import type { BenchModel } from './bench-model.ts';
import { cacheModel } from './model-cache.ts';
import { FLOAT, INT64, onnxModel, tensorValue } from './onnx-file.ts';
import { seededRandom } from '../../onnx/seeded-random.ts';

const TREES = 300;
/** Of each tree; the leaves are below. */
const LEVELS = 6;
const features = Array.from({ length: 10 }, (_, index) => `f${index}`);
const classes = ['no', 'maybe', 'yes'];

/**
 * A random forest of 300 full trees, some tens of microseconds per row. Its thresholds and votes are random, which
 * costs as much to run as trained ones.
 */
export async function forest(): Promise<BenchModel> {
  const file = await cacheModel('forest', forestFile(), { name: 'forest', version: '1', features: named(), classes });
  return {
    name: 'forest',
    ...file,
    tensorFile: file.file,
    input: 'X',
    rowShape: [features.length],
    features,
    ranges: [],
    classes,
  };
}

const named = (): { readonly name: string }[] => features.map((name) => ({ name }));

function forestFile(): Uint8Array {
  const random = seededRandom(300);
  const inner = 2 ** LEVELS - 1;
  const nodes = 2 ** (LEVELS + 1) - 1;
  // Node n of a tree has the children 2n + 1 and 2n + 2.
  const perNode = <T>(value: (node: number, tree: number) => T): T[] =>
    Array.from({ length: TREES * nodes }, (_, index) => value(index % nodes, Math.floor(index / nodes)));
  const isInner = (node: number): boolean => node < inner;
  const leaves = perNode((node, tree) => ({ node, tree })).filter(({ node }) => !isInner(node));
  return onnxModel({
    inputs: [tensorValue('X', FLOAT, ['N', features.length])],
    outputs: [tensorValue('label', INT64, ['N']), tensorValue('probabilities', FLOAT, ['N', classes.length])],
    nodes: [
      {
        op: 'TreeEnsembleClassifier',
        domain: 'ai.onnx.ml',
        inputs: ['X'],
        outputs: ['label', 'probabilities'],
        attributes: {
          nodes_treeids: perNode((_, tree) => tree),
          nodes_nodeids: perNode((node) => node),
          nodes_featureids: perNode((node) => (isInner(node) ? Math.floor(random() * features.length) : 0)),
          nodes_values: Float32Array.from(perNode((node) => (isInner(node) ? 0.2 + random() * 0.6 : 0))),
          nodes_modes: perNode((node) => (isInner(node) ? 'BRANCH_LEQ' : 'LEAF')),
          nodes_truenodeids: perNode((node) => (isInner(node) ? 2 * node + 1 : 0)),
          nodes_falsenodeids: perNode((node) => (isInner(node) ? 2 * node + 2 : 0)),
          class_treeids: leaves.map(({ tree }) => tree),
          class_nodeids: leaves.map(({ node }) => node),
          class_ids: leaves.map(() => Math.floor(random() * classes.length)),
          class_weights: Float32Array.from(leaves, () => 1 / TREES),
          classlabels_int64s: classes.map((_, index) => index),
          post_transform: 'NONE',
        },
      },
    ],
  });
}
