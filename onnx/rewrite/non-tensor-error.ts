import type { Node } from '../graph/node.ts';
import type { Origin } from '../graph/scope.ts';

/** An input or output is a sequence or a map, and no tensor can be had in its place; the message names the node and how to export it otherwise. */
export class NonTensorError extends Error {
  override readonly name = 'NonTensorError';
}

/** @param type of the output, as people write it */
export function outputError(output: string, type: string, origin: Origin | undefined, advice: string): NonTensorError {
  return new NonTensorError(
    `the output '${output}' is ${type}, ${origin === undefined ? 'which no node of the graph gives' : `which ${nodeName(origin.node)} gives`}; only tensors can be served. ${advice}`,
  );
}

/** `the node 'zipmap' (ai.onnx.ml.ZipMap)` */
export function nodeName({ name, domain, opType }: Pick<Node, 'name' | 'domain' | 'opType'>): string {
  const type = domain === '' ? opType : `${domain}.${opType}`;
  return name === '' ? `a node ${type}` : `the node '${name}' (${type})`;
}
