import { writeJson, type RecordedTensor } from '../fixtures/trainers/trainers.fixture.ts';
import { anyJson, anyText, notJson, type BadRequest, type Chance, type Target } from './bad-input.fixture.ts';
import { notOf } from './bad-named.fixture.ts';
import { datatypes, toRaw } from './oip.fixture.ts';

type Json = Readonly<Record<string, unknown>>;

const absurd = [[-1, -1], [-(2 ** 31)], [2 ** 31, 2 ** 31], [2n ** 63n, 2], [2n ** 64n], [1e300], [0.5], ['1'], [null], [[1]], new Array(40).fill(1), [4294967296, 4294967296, 0], null, 5, 'x', {}, [true]];

/** Requests to /v2/…/infer with tensors in JSON that have to be refused. */
export function badTensors(chance: Chance, { name, rows, batch }: Target): BadRequest {
  const path = `/v2/models/${name}/infer`;
  const { inputs, outputs } = chance.pick(batch ? [...rows, batch] : rows);
  const good = inputs.map((tensor): Json => ({ name: tensor.name, datatype: datatypes[tensor.dtype], shape: tensor.shape, data: tensor.data }));
  const at = chance.upTo(inputs.length - 1);
  const input = inputs[at] as RecordedTensor;
  const { dtype, data, shape } = input;
  const body = (of: Json): string => writeJson({ inputs: good, ...of });
  const invalid = (what: string, text: string, names = input.name): BadRequest => ({ what, path, body: text, status: 422, names });
  const changed = (what: string, change: Json, names = input.name): BadRequest => invalid(what, body({ inputs: good.with(at, { ...good[at], ...change }) }), names);
  const place = chance.upTo(data.length - 1);

  return chance.pick<() => BadRequest>([
    () => invalid('missing input', body({ inputs: good.toSpliced(at, 1) })),
    () => invalid('input twice', body({ inputs: [...good, good[at]] })),
    () => changed('input of another name', { name: chance.pick(['__proto__', 'constructor', 'none', `${input.name}x`, 'x'.repeat(50_000)]) }, ''),
    () => changed('name that is none', { name: chance.pick([null, 5, {}, []]) }, 'name'),
    () => changed('another datatype', { datatype: chance.pick(Object.values(datatypes).filter((each) => each !== datatypes[dtype])) }),
    () => changed('datatype that is none', { datatype: chance.pick([null, 5, 'FLOAT', 'fp32', 'BF16', '__proto__', 'x'.repeat(10_000)]) }),
    () => changed('absurd shape', { shape: chance.pick(absurd) }),
    () => changed('another rank', { shape: [...shape, 1], data }),
    () => changed('shape of more than came', { shape: [...shape.slice(0, -1), (shape.at(-1) ?? 1) + 1 + chance.upTo(5)] }),
    () => changed('too many elements', { data: [...data, ...data.slice(0, 1)] }),
    () => changed('too few elements', { data: data.slice(1) }),
    () => changed('wrong element', { data: data.with(place, notOf(chance, dtype) as string) }),
    () => changed('element nested deeper', { data: data.with(place, [[data[place]]] as never) }),
    () => changed('data that is none', { data: chance.pick([null, 5, 'x', {}, true]) }),
    () => changed('binary_data_size without bytes', { data: undefined, parameters: { binary_data_size: chance.pick([0, 4, -1, 2 ** 40]) } }),
    () => changed('shared memory', { parameters: { shared_memory_region: 'r', shared_memory_byte_size: 4 } }),
    () => changed('parameters that are none', { parameters: chance.pick([5, 'x', [], true]) }),
    () => invalid('unknown output', body({ outputs: [{ name: chance.pick(['none', '__proto__', 'constructor', 'x'.repeat(50_000)]) }] }), 'output'),
    () => invalid('output of any name', body({ outputs: [{ name: `?${chance.of(anyText)}` }] }), 'output'),
    () => invalid('output twice', body({ outputs: [{ name: outputs[0]?.name }, { name: outputs[0]?.name }] }), outputs[0]?.name),
    () => invalid('outputs that are none', body({ outputs: chance.pick([5, 'x', {}, [null], [5], ['y'], [{}], [{ name: 5 }]]) }), 'outputs'),
    () => invalid('id that is none', body({ id: chance.pick([5, {}, [], true]) }), '"id"'),
    () => invalid('inputs that are none', body({ inputs: chance.pick([null, 5, 'x', {}, [null], [5], [[]]]) }), 'inputs'),
    () => invalid('no request', writeJson(chance.pick([null, 5, 'x', [], true, [good]])), 'inputs'),
    () => invalid('any JSON', writeJson(chance.of(anyJson)), ''),
    () => ({ ...notJson(chance, Buffer.from(body({}))), path, status: 400 }),
    () => ({ what: 'another media type', path, body: body({}), headers: { 'Content-Type': 'text/plain' }, status: 415 }),
    () => ({ what: 'unknown model', path: `/v2/models/${chance.pick(['none', '__proto__', 'constructor', `${name}x`])}/infer`, body: body({}), status: 404 }),
    () => ({ what: 'unknown version', path: `/v2/models/${name}/versions/${chance.pick(['2', '0', '-1', 'latest'])}/infer`, body: body({}), status: 404, names: name }),
    () => ({ what: 'another method', path, method: chance.pick(['GET', 'PUT', 'DELETE']), body: '', status: 405 }),
  ])();
}

/** Requests to /v2/…/infer with tensors in binary that have to be refused. */
export function badBinary(chance: Chance, { name, rows }: Target): BadRequest {
  const { inputs } = chance.pick(rows);
  const raw = inputs.map(toRaw);
  const at = chance.upTo(inputs.length - 1);
  const input = inputs[at] as RecordedTensor;
  const size = raw[at]?.length ?? 0;
  const request = (what: string, change: (tensor: Json) => Json, tail: readonly Uint8Array[] = raw, names = input.name, header?: (length: number) => string, status = 422): BadRequest => {
    const described = inputs.map((tensor, index): Json => {
      const good = { name: tensor.name, datatype: datatypes[tensor.dtype], shape: tensor.shape, parameters: { binary_data_size: raw[index]?.length } };
      return index === at ? change(good) : good;
    });
    const head = Buffer.from(writeJson({ inputs: described }));
    return {
      what, path: `/v2/models/${name}/infer`, body: Buffer.concat([head, ...tail]), status, names,
      headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': header?.(head.length) ?? String(head.length) },
    };
  };
  const sized = (what: string, lie: unknown): BadRequest => request(what, (good) => ({ ...good, parameters: { binary_data_size: lie } }), raw, '');
  const same = (good: Json): Json => good;
  const bytes = (of: Uint8Array): readonly Uint8Array[] => raw.with(at, Buffer.from(of));
  const resized = (what: string, of: Uint8Array): BadRequest => request(what, (good) => ({ ...good, parameters: { binary_data_size: of.length } }), bytes(of));

  return chance.pick<() => BadRequest>([
    () => sized('binary_data_size that lies', size + (chance.upTo(1) === 0 ? 1 + chance.upTo(100) : -1 - chance.upTo(Math.max(size - 1, 0)))),
    () => sized('binary_data_size that is none', chance.pick([-1, 0.5, null, 'x', {}, [], true, 2 ** 53, 2n ** 64n, 1e300])),
    () => request('cut short', same, [Buffer.concat(raw).subarray(0, -1 - chance.upTo(Math.max(Buffer.concat(raw).length - 2, 0)))], ''),
    () => request('bytes of no input', same, [...raw, Buffer.alloc(1 + chance.upTo(64))], 'no input'),
    () => request('a header that cuts the JSON', same, raw, '', (length) => String(1 + chance.upTo(length - 2)), 400),
    () => request('a header that takes bytes for JSON', same, [Buffer.alloc(10, 0xFF), ...raw], '', (length) => String(length + 1 + chance.upTo(9)), 400),
    () => request('a header past the body', same, raw, 'Inference-Header-Content-Length', () => chance.pick(['999999999', '18446744073709551616'])),
    () => request('a header that is no number', same, raw, 'Inference-Header-Content-Length', () => chance.pick(['-1', '0x10', '1e3', 'x', '1.5', '1 2'])),
    () => request('absurd shape', (good) => ({ ...good, shape: chance.pick(absurd) })),
    () => request('another shape', (good) => ({ ...good, shape: [...input.shape, 2] })),
    () => request('another datatype', (good) => ({ ...good, datatype: chance.pick(Object.values(datatypes).filter((each) => each !== datatypes[input.dtype])) })),
    () => request('data twice', (good) => ({ ...good, data: input.data })),
    () => resized('bytes of other elements', Buffer.concat([raw[at] ?? Buffer.alloc(0), Buffer.alloc(1 + chance.upTo(20))])),
    () => resized('texts or flags that are none', Buffer.alloc(input.dtype === 'string' || input.dtype === 'bool' ? Math.max(size, 1) : size + 1, chance.pick([0xFF, 0xFE, 0x80]))),
    () => ({ ...request('another media type', same, raw, '', undefined, 415), headers: { 'Content-Type': 'image/png' } }),
  ])();
}
