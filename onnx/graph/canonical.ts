/**
 * Checks that a model is in the form that exporters write. Protobuf lets a writer repeat a field, or spell it in
 * several ways, and readers differ in what they then take: a check that reads the first of two locations of a weight
 * says nothing about a runtime that reads the last one.
 *
 * Walks the bytes by index, without an object per field: a random forest has millions of attribute values.
 */
import { ATTRIBUTE, TENSOR } from './field-numbers.ts';
import { ProtobufError } from './protobuf.ts';

/** A model is not in the form that exporters write. The message says where. */
export class CanonicalError extends Error {
  override readonly name = 'CanonicalError';
}

/** How a field of a message may be written. */
interface Rule {
  /** For messages: which one. */
  readonly child?: MessageName;
  /** Whether the field may occur several times. */
  readonly many?: boolean;
  /** The wire type. */
  readonly wire: number;
  /** For numbers: also several in one field. */
  readonly packed?: boolean;
  /** Holds 31 bits: readers differ in what they do with more. */
  readonly small?: boolean;
  /** At most one of the fields with this mark is present. */
  readonly choice?: boolean;
  /** Whether each occurrence becomes an object in memory. */
  readonly counted?: boolean;
}

const [VARINT, I64, BYTES, I32] = [0, 1, 2, 5];

const text: Rule = { wire: BYTES };
const texts: Rule = { wire: BYTES, many: true };
const names: Rule = { ...texts, counted: true };
const int64: Rule = { wire: VARINT };
const small: Rule = { wire: VARINT, small: true };
const int64s: Rule = { wire: VARINT, many: true, packed: true };
const floats: Rule = { wire: I32, many: true, packed: true };
const doubles: Rule = { wire: I64, many: true, packed: true };
const one = (child: MessageName): Rule => ({ wire: BYTES, child, counted: true });
const list = (child: MessageName): Rule => ({ wire: BYTES, child, many: true, counted: true });
const choice = (rule: Rule): Rule => ({ ...rule, choice: true });

type MessageName =
  | 'ModelProto'
  | 'OperatorSetIdProto'
  | 'StringStringEntryProto'
  | 'TrainingInfoProto'
  | 'GraphProto'
  | 'TensorAnnotation'
  | 'NodeProto'
  | 'AttributeProto'
  | 'TensorProto'
  | 'TensorProto.Segment'
  | 'SparseTensorProto'
  | 'FunctionProto'
  | 'ValueInfoProto'
  | 'TypeProto'
  | 'TypeProto.Tensor'
  | 'TypeProto.Element'
  | 'TypeProto.Map'
  | 'TypeProto.Opaque'
  | 'TensorShapeProto'
  | 'TensorShapeProto.Dimension';

type Message = Readonly<Record<number, Rule>>;

/** The messages of onnx.proto by field number. Readers ignore the fields that are not in here. */
const messages: Readonly<Record<MessageName, Message>> = {
  ModelProto: {
    1: int64,
    2: text,
    3: text,
    4: text,
    5: int64,
    6: text,
    7: one('GraphProto'),
    8: list('OperatorSetIdProto'),
    14: list('StringStringEntryProto'),
    20: list('TrainingInfoProto'),
    25: list('FunctionProto'),
  },
  OperatorSetIdProto: { 1: text, 2: int64 },
  StringStringEntryProto: { 1: text, 2: text },
  TrainingInfoProto: {
    1: one('GraphProto'),
    2: one('GraphProto'),
    3: list('StringStringEntryProto'),
    4: list('StringStringEntryProto'),
  },
  GraphProto: {
    1: list('NodeProto'),
    2: text,
    5: list('TensorProto'),
    10: text,
    11: list('ValueInfoProto'),
    12: list('ValueInfoProto'),
    13: list('ValueInfoProto'),
    14: list('TensorAnnotation'),
    15: list('SparseTensorProto'),
    16: list('StringStringEntryProto'),
  },
  TensorAnnotation: { 1: text, 2: list('StringStringEntryProto') },
  NodeProto: {
    1: names,
    2: names,
    3: text,
    4: text,
    5: list('AttributeProto'),
    6: text,
    7: text,
    8: text,
    9: list('StringStringEntryProto'),
  },
  AttributeProto: {
    1: text,
    2: choice({ wire: I32 }),
    3: choice(int64),
    4: choice(text),
    5: choice(one('TensorProto')),
    6: choice(one('GraphProto')),
    7: choice(floats),
    8: choice(int64s),
    9: choice(texts),
    10: choice(list('TensorProto')),
    11: choice(list('GraphProto')),
    13: text,
    14: choice(one('TypeProto')),
    15: choice(list('TypeProto')),
    20: small,
    21: text,
    22: choice(one('SparseTensorProto')),
    23: choice(list('SparseTensorProto')),
  },
  TensorProto: {
    1: int64s,
    2: small,
    3: one('TensorProto.Segment'),
    4: floats,
    5: int64s,
    6: texts,
    7: int64s,
    8: text,
    9: text,
    10: doubles,
    11: int64s,
    12: text,
    13: list('StringStringEntryProto'),
    14: small,
    16: list('StringStringEntryProto'),
  },
  'TensorProto.Segment': { 1: int64, 2: int64 },
  SparseTensorProto: { 1: one('TensorProto'), 2: one('TensorProto'), 3: int64s },
  FunctionProto: {
    1: text,
    4: names,
    5: names,
    6: names,
    7: list('NodeProto'),
    8: text,
    9: list('OperatorSetIdProto'),
    10: text,
    11: list('AttributeProto'),
    12: list('ValueInfoProto'),
    13: text,
    14: list('StringStringEntryProto'),
  },
  ValueInfoProto: { 1: text, 2: one('TypeProto'), 3: text, 4: list('StringStringEntryProto') },
  TypeProto: {
    1: choice(one('TypeProto.Tensor')),
    4: choice(one('TypeProto.Element')),
    5: choice(one('TypeProto.Map')),
    6: text,
    7: choice(one('TypeProto.Opaque')),
    8: choice(one('TypeProto.Tensor')),
    9: choice(one('TypeProto.Element')),
  },
  'TypeProto.Tensor': { 1: small, 2: one('TensorShapeProto') },
  'TypeProto.Element': { 1: one('TypeProto') },
  'TypeProto.Map': { 1: small, 2: one('TypeProto') },
  'TypeProto.Opaque': { 1: text, 2: text },
  TensorShapeProto: { 1: list('TensorShapeProto.Dimension') },
  'TensorShapeProto.Dimension': { 1: choice(int64), 2: choice(text), 3: text },
};

/** Which field holds the value of an attribute, by AttributeProto.AttributeType. */
const valueFields = [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 22, 23, 14, 15];

/** Protobuf's own limit, which the runtime has too. A graph in a graph is three messages deeper. */
const MOST_NESTED = 100;
/** A node of two bytes in the file takes a kilobyte in memory... */
const MOST_NODES = 65_536;
/** ...and any other message, or the name of an input or output, a tenth of one. */
const MOST_PARTS = 2 ** 20;

const MOST_BEFORE_NAME = 16;

/**
 * Checks a whole model.
 *
 * @throws {CanonicalError} if a field that holds one value occurs twice or is written as another type, an attribute has
 *   values of two kinds, or a tensor whose bytes are in a file is in a place where exporters put none
 * @throws {ProtobufError} if the bytes are not a complete protobuf message
 */
export function checkCanonical(model: Uint8Array): void {
  new Check(model).message('ModelProto', 0, model.length, true, 1);
}

class Check {
  readonly #bytes: Uint8Array;
  #at = 0;
  #nodes = 0;
  #parts = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @param files whether the tensors in it may be in other files */
  message(name: MessageName, start: number, end: number, files: boolean, depth: number): void {
    if (depth > MOST_NESTED)
      throw new CanonicalError(`its messages are nested more than ${MOST_NESTED} deep, and no runtime reads that`);
    const rules = messages[name];
    // Field numbers are at most 25.
    let seen = 0;
    let choice = 0;
    let type = 0;
    this.#at = start;
    for (let count = 0; this.#at < end; count++) {
      const tag = this.#varint(end);
      const number = Math.floor(tag / 8);
      const wire = tag & 7;
      // Runtimes read 32 bits of a longer tag, which may be those of a known field.
      if (number === 0 || number > 0x1fffffff)
        throw new ProtobufError(`the field before byte ${this.#at} has the invalid number ${number}`);
      const rule = rules[number];
      if (rule === undefined) {
        this.#skip(wire, end, number);
        continue;
      }
      if (wire !== rule.wire && !(rule.packed && wire === BYTES)) throw notWritten(name, number, 'with another type');
      const bit = 1 << number;
      if ((seen & bit) !== 0 && !rule.many) throw notWritten(name, number, 'twice');
      seen |= bit;
      if (rule.choice) {
        if (choice !== 0 && choice !== number) throw notWritten(name, number, `beside the field ${choice}`);
        choice = number;
      }
      if (rule.counted) this.#count(name, number);
      // Whoever looks for an attribute would walk its values, perhaps millions.
      if (count > MOST_BEFORE_NAME && name === 'AttributeProto' && number === ATTRIBUTE.name)
        throw notWritten(name, number, 'after its values');
      if (rule.child !== undefined) {
        const length = this.#length(end, number);
        const from = this.#at;
        this.message(rule.child, from, from + length, files && !unread[name]?.includes(number), depth + 1);
        this.#at = from + length;
      } else if (rule.small) {
        const value = this.#varint(end);
        if (value >= 2 ** 31) throw notWritten(name, number, `with the value ${value}`);
        if (name === 'AttributeProto') type = value;
        else if (value === 1 && name === 'TensorProto' && number === TENSOR.dataLocation && !files)
          throw new CanonicalError('a tensor of a kind that exporters keep in the model is in another file');
      } else {
        this.#skip(wire, end, number);
        if (rule.many && !rule.counted) count += this.#skipLike(tag, wire, end, number);
      }
    }
    if (name === 'AttributeProto' && type !== 0 && choice !== 0 && valueFields[type] !== choice)
      throw notWritten(name, ATTRIBUTE.type, `with the value ${type}, beside the field ${choice}`);
  }

  #count(name: MessageName, number: number): void {
    if (++this.#parts > MOST_PARTS)
      throw new CanonicalError(`its graph has more than ${MOST_PARTS} parts, and Rhizome does not read larger ones`);
    if (messages[name][number]?.child === 'NodeProto' && ++this.#nodes > MOST_NODES)
      throw new CanonicalError(`its graph has more than ${MOST_NODES} nodes, and Rhizome does not read larger ones`);
  }

  #skip(wire: number, end: number, number: number): void {
    if (wire === VARINT) this.#varint(end);
    else if (wire === BYTES) {
      const length = this.#length(end, number);
      this.#at += length;
    } else if (wire === I32 || wire === I64) {
      this.#at += wire === I32 ? 4 : 8;
      if (this.#at > end) throw new ProtobufError(`the data ends at byte ${end}, in the middle of field ${number}`);
    } else throw new ProtobufError(`the field ${number} before byte ${this.#at} has the unknown wire type ${wire}`);
  }

  /** Skips the fields that follow with the same tag: a list of a forest has millions. Returns how many there are. */
  #skipLike(tag: number, wire: number, end: number, number: number): number {
    let count = 0;
    // A longer tag has another first byte.
    for (; tag < 0x80 && this.#at < end && this.#bytes[this.#at] === tag; count++) {
      this.#at++;
      this.#skip(wire, end, number);
    }
    return count;
  }

  #length(end: number, number: number): number {
    const length = this.#varint(end);
    if (this.#at + length > end)
      throw new ProtobufError(`the field ${number} continues to byte ${this.#at + length}, after its message's end`);
    return length;
  }

  /** Returns a number; of numbers over 53 bits only the size is right. */
  #varint(end: number): number {
    const bytes = this.#bytes;
    const single = bytes[this.#at];
    if (single !== undefined && single < 0x80 && this.#at < end) {
      this.#at++;
      return single;
    }
    let value = 0;
    for (let scale = 1, count = 0; count < 10; count++, scale *= 128) {
      if (this.#at >= end) break;
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new ProtobufError(`there is no complete number before byte ${this.#at}`);
  }
}

/** What Rhizome does not look into for tensors in other files. */
const unread: Partial<Record<MessageName, readonly number[]>> = {
  ModelProto: [20],
  GraphProto: [15],
  AttributeProto: [22, 23],
  FunctionProto: [11],
};

function notWritten(name: MessageName, number: number, how: string): CanonicalError {
  return new CanonicalError(
    `the file is not in the form that exporters write: ${/^[AO]/.test(name) ? 'an' : 'a'} ${name} has the field ` +
      `${number} ${how}, so that two programs might read it differently. ` +
      'Save it again: onnx.save_model(onnx.load_model("FILE"), "FILE")',
  );
}
