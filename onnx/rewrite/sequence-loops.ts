/**
 * Nodes that take a sequence apart, and put one together. No graph can have an input for each tensor of a sequence, so
 * the elements of all tensors are one tensor, and their dimensions another.
 *
 * These are loops, which end: they have as many steps as there are tensors.
 */
import type { SequenceNames } from '../engine/sequences.ts';
import { MOST_TENSORS } from '../engine/sequences.ts';
import { constantInts, intAttribute, newNode } from '../graph/node.ts';
import { numberOf, tensorType } from './replacement.ts';
import { emptyConstant, graphAttribute, sequenceType, type Subgraph } from './subgraph.ts';

/** The version of ONNX's own operators since which a loop can carry sequences. */
export const LOOPS_WITH_SEQUENCES = 13;
/** Since this one, a Reshape can make a dimension 0. Earlier, it takes 0 for the dimension that there was. */
const RESHAPE_TO_ZERO = 14;

/**
 * Returns nodes that put a sequence together.
 *
 * @param prefix what the names of the values in between start with
 * @param opset the version of ONNX's own operators that the model uses
 */
export function sequenceFromParts(
  parts: SequenceNames,
  sequence: string,
  prefix: string,
  dtype: string,
  opset: number,
): Uint8Array[] {
  const own = (name: string): string => `${prefix}/${name}`;
  const node = nodesIn(prefix);
  const reshape = opset >= RESHAPE_TO_ZERO ? [intAttribute('allowzero', 1)] : [];
  const position = tensorType('int64', [1]);
  // Positions are lists of one integer, as Slice takes them.
  const body: Subgraph = {
    inputs: [
      [own('step'), tensorType('int64', [])],
      [own('more'), tensorType('bool', [])],
      [own('rankAt'), position],
      [own('dimAt'), position],
      [own('elementAt'), position],
      [own('some'), sequenceType(dtype)],
    ],
    nodes: [
      node('Identity', ['more'], ['goOn']),
      constantInts(own('one'), [1]),
      node('Add', ['rankAt', 'one'], ['rankEnd']),
      newNode({
        opType: 'Slice',
        name: own('rank'),
        inputs: [parts.ranks, own('rankAt'), own('rankEnd')],
        outputs: [own('rank')],
      }),
      node('Add', ['dimAt', 'rank'], ['dimEnd']),
      newNode({
        opType: 'Slice',
        name: own('dims'),
        inputs: [parts.dims, own('dimAt'), own('dimEnd')],
        outputs: [own('shape')],
      }),
      node('ReduceProd', ['shape'], ['size'], [intAttribute('keepdims', 1)]),
      node('Add', ['elementAt', 'size'], ['elementEnd']),
      newNode({
        opType: 'Slice',
        name: own('piece'),
        inputs: [parts.elements, own('elementAt'), own('elementEnd')],
        outputs: [own('piece')],
      }),
      node('Reshape', ['piece', 'shape'], ['tensor'], reshape),
      node('SequenceInsert', ['some', 'tensor'], ['longer']),
    ],
    outputs: [
      [own('goOn'), tensorType('bool', [])],
      [own('rankEnd'), position],
      [own('dimEnd'), position],
      [own('elementEnd'), position],
      [own('longer'), sequenceType(dtype)],
    ],
  };
  return [
    constantInts(own('start'), [0]),
    newNode({ opType: 'Size', name: own('count'), inputs: [parts.ranks], outputs: [own('count')] }),
    node('SequenceEmpty', [], ['none'], [intAttribute('dtype', numberOf(dtype))]),
    newNode({
      opType: 'Loop',
      name: own('build'),
      inputs: [own('count'), '', own('start'), own('start'), own('start'), own('none')],
      outputs: [own('lastRank'), own('lastDim'), own('lastElement'), sequence],
      attributes: [graphAttribute('body', body)],
    }),
  ];
}

/** Returns nodes that take a sequence apart; of a sequence of more than `MOST_TENSORS`, only one more than these. */
export function partsFromSequence(sequence: string, parts: SequenceNames, prefix: string, dtype: string): Uint8Array[] {
  const own = (name: string): string => `${prefix}/${name}`;
  const node = nodesIn(prefix);
  const body: Subgraph = {
    inputs: [
      [own('step'), tensorType('int64', [])],
      [own('more'), tensorType('bool', [])],
      [own('someElements'), sequenceType(dtype)],
      [own('someDims'), sequenceType('int64')],
    ],
    nodes: [
      node('Identity', ['more'], ['goOn']),
      newNode({ opType: 'SequenceAt', name: own('tensor'), inputs: [sequence, own('step')], outputs: [own('tensor')] }),
      constantInts(own('flat'), [-1]),
      node('Reshape', ['tensor', 'flat'], ['elements']),
      node('Shape', ['tensor'], ['dims']),
      node('Size', ['dims'], ['rank']),
      node('SequenceInsert', ['someElements', 'elements'], ['moreElements']),
      node('SequenceInsert', ['someDims', 'dims'], ['moreDims']),
    ],
    outputs: [
      [own('goOn'), tensorType('bool', [])],
      [own('moreElements'), sequenceType(dtype)],
      [own('moreDims'), sequenceType('int64')],
      [own('rank'), tensorType('int64', [])],
    ],
  };
  return [
    newNode({ opType: 'SequenceLength', name: own('length'), inputs: [sequence], outputs: [own('length')] }),
    constantInts(own('most'), MOST_TENSORS + 1),
    node('Min', ['length', 'most'], ['count']),
    // Nothing can be joined without a tensor, so each sequence starts with one that has no elements.
    emptyConstant(own('noElements'), dtype),
    emptyConstant(own('noDims'), 'int64'),
    node('SequenceConstruct', ['noElements'], ['firstElements']),
    node('SequenceConstruct', ['noDims'], ['firstDims']),
    newNode({
      opType: 'Loop',
      name: own('collect'),
      inputs: [own('count'), '', own('firstElements'), own('firstDims')],
      outputs: [own('allElements'), own('allDims'), parts.ranks],
      attributes: [graphAttribute('body', body)],
    }),
    ...(['elements', 'dims'] as const).map((what) =>
      newNode({
        opType: 'ConcatFromSequence',
        name: own(`join/${what}`),
        inputs: [own(what === 'elements' ? 'allElements' : 'allDims')],
        outputs: [parts[what]],
        attributes: [intAttribute('axis', 0)],
      }),
    ),
  ];
}

/** Returns a function that encodes nodes between values whose names start with a prefix. */
const nodesIn =
  (prefix: string) =>
  (
    opType: string,
    inputs: readonly string[],
    outputs: readonly [string],
    attributes: readonly Uint8Array[] = [],
  ): Uint8Array =>
    newNode({
      opType,
      name: `${prefix}/${outputs[0]}`,
      inputs: inputs.map((input) => `${prefix}/${input}`),
      outputs: outputs.map((output) => `${prefix}/${output}`),
      attributes,
    });
