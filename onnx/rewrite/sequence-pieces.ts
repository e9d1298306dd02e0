import { constant } from '../graph/constants.ts';
import type { Node } from '../graph/node.ts';
import type { Origin, Scope } from '../graph/scope.ts';

/** One tensor of a sequence. */
export interface Piece {
  /** Its name, if the tensor is also a value of the graph. */
  readonly value?: string;
  /** Its shape, if known in advance. */
  readonly shape?: readonly (number | string)[];
}

/**
 * Returns the tensors that a sequence will hold, in order, if the graph determines them without a run.
 *
 * @returns undefined if their number depends on the input
 */
export function sequencePieces(value: string, scope: Scope): readonly Piece[] | undefined {
  const origin = scope.origin(value);
  return origin?.scope.once('pieces', value, () => {
    const pieces = piecesFrom(origin);
    return pieces !== undefined && pieces.length > mostKnown ? undefined : pieces;
  });
}

function piecesFrom({ node, index, scope: place }: Origin): readonly Piece[] | undefined {
  const body = place.called(node);
  if (body !== undefined) return unnamed(sequencePieces(body.outputs[index] ?? '', body));
  if (node.domain !== '') return undefined;
  const [first = '', second = '', third = ''] = node.inputs;
  switch (node.opType) {
    case 'SequenceEmpty':
      return [];
    case 'SequenceConstruct':
      return node.inputs.map((input) => ({ value: input }));
    case 'Identity':
    case 'Optional':
    case 'OptionalGetElement':
      return sequencePieces(first, place);
    case 'SequenceInsert':
      return spliced(sequencePieces(first, place), third, place, { value: second });
    case 'SequenceErase':
      return spliced(sequencePieces(first, place), second, place);
    case 'SequenceMap':
      return sequencePieces(first, place)?.map(() => ({}));
    case 'SplitToSequence':
      return split(node, place);
    case 'If':
      return alike(
        ['then_branch', 'else_branch']
          .map((name) => place.inside(node, name))
          .map((branch) => branch && unnamed(sequencePieces(branch.outputs[index] ?? '', branch))),
      );
    default:
      return undefined;
  }
}

/** Removes the names: a value of another graph cannot be referred to in this one. */
const unnamed = (some: readonly Piece[] | undefined): readonly Piece[] | undefined =>
  some?.map(({ shape }) => (shape === undefined ? {} : { shape }));

/** Returns the pieces of an If: known only if both branches have the same number. */
function alike([some, others]: readonly (readonly Piece[] | undefined)[]): readonly Piece[] | undefined {
  return some?.length === others?.length ? some?.map(() => ({})) : undefined;
}

/** Inserts a piece before a position, or removes the piece at it. Without a position, it does so at the end. */
function spliced(
  some: readonly Piece[] | undefined,
  position: string,
  scope: Scope,
  added?: Piece,
): readonly Piece[] | undefined {
  const at =
    position === '' ? (added === undefined ? -1n : BigInt(some?.length ?? 0)) : constant(position, scope)?.values[0];
  if (at === undefined) return undefined;
  return added === undefined ? some?.toSpliced(Number(at), 1) : some?.toSpliced(Number(at), 0, added);
}

/** Of a longer sequence, every node that changes it would have a copy. */
const mostKnown = 4096;
/** A longer sequence is easier to use as one stacked tensor than as so many outputs. */
const mostPieces = 256;

function split(node: Node, scope: Scope): readonly Piece[] | undefined {
  const [input = '', sizes = ''] = node.inputs;
  const type = scope.type(input);
  const axis = Number(node.int('axis') ?? 0n);
  const length = type?.kind === 'tensor' ? type.shape?.at(axis) : undefined;
  // If the axis does not exist, the runtime rejects the model.
  const shape = type?.kind === 'tensor' && length !== undefined ? type.shape : undefined;
  const piece = (size: number): Piece => (shape === undefined ? {} : { shape: shape.with(axis, size) });

  if (sizes === '') {
    if (typeof length !== 'number' || length > mostPieces) return undefined;
    const one = node.int('keepdims') === 0n && shape !== undefined ? { shape: shape.toSpliced(axis, 1) } : piece(1);
    return Array.from({ length }, () => one);
  }
  const given = constant(sizes, scope);
  if (given?.list === true) return given.values.length > mostPieces ? undefined : given.values.map(Number).map(piece);
  // A single number is the size of every piece; the last piece holds the rest.
  const [size] = given?.values ?? [];
  if (typeof length !== 'number' || size === undefined || size < 1n) return undefined;
  const count = Math.ceil(length / Number(size));
  return count > mostPieces
    ? undefined
    : Array.from({ length: count }, (_, index) => piece(Math.min(Number(size), length - index * Number(size))));
}
