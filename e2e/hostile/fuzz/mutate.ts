import { fields } from '../../../onnx/graph/protobuf.ts';
import type { Random } from '../../../onnx/seeded-random.ts';
import { encodingOf, integers, mutateNumbers, varint } from './numbers.ts';

type Kind = keyof typeof children;

/** The messages of onnx.proto, and which of their fields are messages. */
const children = {
  model: { 7: 'graph', 8: 'opset', 14: 'entry', 20: 'training', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 11: 'value', 12: 'value', 13: 'value', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 14: 'type', 22: 'sparse', 23: 'sparse' },
  function: { 7: 'node', 9: 'opset', 11: 'attribute', 12: 'value' },
  training: { 1: 'graph', 2: 'graph', 3: 'entry', 4: 'entry' },
  value: { 2: 'type' },
  type: { 1: 'tensorType', 4: 'sequence', 5: 'map', 8: 'tensorType', 9: 'sequence' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'dimension' },
  sequence: { 1: 'type' },
  map: { 2: 'type' },
  tensor: { 13: 'entry' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  opset: {},
  entry: {},
  dimension: {},
} as const;

/** A field of a megabyte a thousand times would be a gigabyte. */
const MOST_BYTES = 2 ** 24;
/** The field of a model that holds its graph. */
const GRAPH = 7;

/** A field with its parts, to write it again with others. */
interface Part {
  readonly number: number;
  readonly value: bigint | Uint8Array;
  readonly raw: Uint8Array;
}

const texts = [
  '',
  'x'.repeat(2 ** 20),
  '\0',
  '../../etc/hostname',
  'ai.onnx.ml',
  'Loop',
  'If',
  'ZipMap',
  'Div',
  '\u001b[2J',
];

/**
 * Changes a model in one or two places. Mostly it stays in the form that exporters write, since others are refused at
 * once.
 *
 * @param donors other models, from which parts are taken
 */
export function mutate(model: Uint8Array, donors: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = model;
  for (let left = 1 + pick(2, random); left > 0; left--) {
    const changed = random() < 0.03 ? damage(bytes, random) : mutateMessage(bytes, 'model', donors, random);
    if (changed.length <= MOST_BYTES) bytes = changed;
  }
  return bytes;
}

/** Flips bits, or cuts the bytes. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const at = pick(bytes.length, random);
  if (random() < 0.3) return bytes.slice(0, at);
  const damaged = bytes.slice();
  damaged[at] = (damaged[at] ?? 0) ^ (1 << pick(8, random));
  return damaged;
}

function mutateMessage(bytes: Uint8Array, kind: Kind, donors: readonly Uint8Array[], random: Random): Uint8Array {
  const parts = partsOf(bytes);
  if (parts === undefined || parts.length === 0) return damage(bytes, random);
  // The graph is one field of many, and has most of what the runtime reads.
  const graph = kind === 'model' && random() < 0.6 ? parts.findIndex(({ number }) => number === GRAPH) : -1;
  const index = graph === -1 ? pick(parts.length, random) : graph;
  const part = parts[index] as Part;
  const child = childOf(kind, part.number);
  const encoding = encodingOf(kind, part.number);
  if (encoding !== undefined && typeof part.value !== 'bigint' && random() < 0.8)
    return join(parts.with(index, withValue(part, mutateNumbers(part.value, encoding, random))));
  if (child !== undefined && typeof part.value !== 'bigint' && random() < 0.8)
    return join(parts.with(index, withValue(part, mutateMessage(part.value, child, donors, random))));
  return join(mutateParts(parts, index, kind, donors, random));
}

function mutateParts(
  parts: readonly Part[],
  index: number,
  kind: Kind,
  donors: readonly Uint8Array[],
  random: Random,
): readonly Part[] {
  const part = parts[index] as Part;
  const other = pick(parts.length, random);
  switch (pick(9, random)) {
    case 0:
      return parts.toSpliced(index, 1);
    case 1:
      return parts.toSpliced(other, 0, ...new Array<Part>(random() < 0.1 ? 1000 : 1).fill(part));
    case 2:
      return parts.with(index, parts[other] as Part).with(other, part);
    case 3: {
      // The value of another field, such as the name of an output as that of an input.
      const { value } = parts[other] as Part;
      return parts.with(index, withValue(part, isLike(value, part, random) ? value : part.value));
    }
    case 4:
      return parts.with(index, { ...part, raw: damage(part.raw, random) });
    case 5: {
      const found = donated(donors[pick(donors.length, random)] ?? new Uint8Array(), kind, part.number, random);
      return found === undefined ? parts : parts.with(index, found);
    }
    case 6:
      // A neighbour, such as the index of another node of a tree.
      return parts.with(
        index,
        typeof part.value === 'bigint' ? withValue(part, part.value + (random() < 0.5 ? 1n : -1n)) : part,
      );
    default: {
      const text = new TextEncoder().encode(texts[pick(texts.length, random)]);
      const integer = integers[pick(integers.length, random)] ?? 0n;
      return parts.with(index, withValue(part, isLike(text, part, random) ? text : integer));
    }
  }
}

/** Returns whether a value has the type of a field; now and then, it says so of one that has not. */
function isLike(value: Part['value'], part: Part, random: Random): boolean {
  return typeof value === typeof part.value || random() < 0.05;
}

/** Returns a field of a message of the same kind in another model; mostly, with the same number. */
function donated(model: Uint8Array, kind: Kind, number: number, random: Random): Part | undefined {
  let [bytes, of]: [Uint8Array, Kind] = [model, 'model'];
  for (let depth = 0; depth < 8; depth++) {
    const parts = partsOf(bytes);
    if (parts === undefined || parts.length === 0) return undefined;
    const same = parts.filter((each) => each.number === number || random() < 0.05);
    if (of === kind && same.length > 0) return same[pick(same.length, random)];
    const nested = parts.filter((each) => childOf(of, each.number) !== undefined);
    const chosen = nested[pick(nested.length, random)];
    if (chosen === undefined || typeof chosen.value === 'bigint') return undefined;
    [bytes, of] = [chosen.value, childOf(of, chosen.number) ?? of];
  }
  return undefined;
}

function childOf(kind: Kind, number: number): Kind | undefined {
  return (children[kind] as Readonly<Record<number, Kind>>)[number];
}

function partsOf(bytes: Uint8Array): readonly Part[] | undefined {
  try {
    return [...fields(bytes)];
  } catch {
    return undefined;
  }
}

function withValue({ number }: Part, value: bigint | Uint8Array): Part {
  const raw =
    typeof value === 'bigint'
      ? Buffer.concat([varint(BigInt(number) << 3n), varint(value)])
      : Buffer.concat([varint((BigInt(number) << 3n) | 2n), varint(BigInt(value.length)), value]);
  return { number, value, raw };
}

function join(parts: readonly Part[]): Uint8Array {
  return Buffer.concat(parts.map(({ raw }) => raw));
}

function pick(count: number, random: Random): number {
  return Math.floor(random() * count);
}
