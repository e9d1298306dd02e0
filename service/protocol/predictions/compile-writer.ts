import { classNumbers, hasRows } from '../../../onnx/batch/decode-predictions.ts';
import type { Tensor } from '../../../onnx/engine/engine.ts';
import type { Batching } from '../../../onnx/signature/batching.ts';
import type { Scalar } from '../../../onnx/signature/dtypes.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type {
  AnomalyDetectorOutput,
  ClassifierOutput,
  RegressorOutput,
  TensorsOutput,
} from '../../../onnx/signature/task.ts';
import { responseTooLarge } from '../../inference/request-size.ts';
import { finiteText, stringifyJson } from '../json.ts';

/** The outputs of a run, by name. They are the whole run's, which may have rows of other requests too. */
export type Outputs = Readonly<Record<string, Tensor>>;

/**
 * Writes the response to a request without warnings, as `writePredictions` does. Returns undefined for everything
 * unusual, such as NaN or a label that is not one of the model's: the caller then uses that function.
 *
 * @param outputs the outputs that `predictionOutputs` names
 * @param firstRow where the request's rows start in the outputs
 * @param single whether the request was one object
 * @param totalRows the number of rows in the whole run; by default only the request's. It matters for the task
 *   `tensors`, whose outputs need not have the rows along their first dimension
 */
export type PredictionsWriter = (
  outputs: Outputs,
  firstRow: number,
  rows: number,
  single: boolean,
  totalRows?: number,
) => string | undefined;

/** Writes the start of one row's object, up to the comma before "model". Returns undefined for unusual values. */
type RowWriter = (row: number) => string | undefined;

/** Returns the writer of a run's rows; undefined if the outputs are unusual. */
type PrepareRows = (outputs: Outputs, totalRows: number) => RowWriter | undefined;

/**
 * Prepares writing responses for a model.
 *
 * @param mostBytes the bytes of the largest response; for a larger one, the writer throws `body-too-large`
 */
export function compileWriter(signature: Signature, mostBytes = Infinity): PredictionsWriter {
  const { name, version } = signature;
  const prepare = compileRow(signature);
  const end = `,"model":${stringifyJson({ name, version })}}`;
  return (outputs, firstRow, rows, single, totalRows = rows) => {
    const write = prepare(outputs, totalRows);
    if (write === undefined) return undefined;
    if (single && rows === 1) {
      const text = write(firstRow);
      return text === undefined ? undefined : text + end;
    }
    let body = '[';
    for (let row = firstRow; row < firstRow + rows; row++) {
      const text = write(row);
      if (text === undefined) return undefined;
      body += row === firstRow ? text + end : `,${text}${end}`;
      if (body.length > mostBytes) throw responseTooLarge(mostBytes);
    }
    return `${body}]`;
  };
}

function compileRow({ output, batching }: Signature): PrepareRows {
  switch (output.task) {
    case 'regressor':
      return compileRegressor(output);
    case 'anomaly-detector':
      return compileAnomalyDetector(output);
    case 'classifier':
      return compileClassifier(output);
    case 'tensors':
      return compileTensors(output, batching);
  }
}

function compileRegressor({ value }: RegressorOutput): PrepareRows {
  return (outputs) => {
    const values = elements(outputs, value);
    return (
      values &&
      ((row) => {
        const number = Number(values[row]);
        return Number.isFinite(number) ? `{"prediction":${finiteText(number)}` : undefined;
      })
    );
  };
}

function compileAnomalyDetector({ label, score }: AnomalyDetectorOutput): PrepareRows {
  return (outputs) => {
    const labels = elements(outputs, label);
    const scores = elements(outputs, score);
    if (labels === undefined || scores === undefined) return undefined;
    return (row) => {
      const [prediction, number] = [Number(labels[row]), Number(scores[row])];
      return Number.isFinite(prediction) && Number.isFinite(number)
        ? `{"prediction":${prediction},"score":${finiteText(number)}`
        : undefined;
    };
  };
}

function compileClassifier(output: ClassifierOutput): PrepareRows {
  const { label, labels, classes, probabilities, top } = output;
  // Each row has other classes.
  if (top !== undefined) return () => undefined;
  const start = `,"${classNumbers(output)}":{`;
  const starts = new Map<Scalar | undefined, string>();
  labels.forEach((each, index) => {
    const name = classes[index];
    if (name !== undefined && !starts.has(each)) starts.set(each, `{"prediction":${JSON.stringify(name)}`);
  });
  // An object may list its keys in another order, such as "2" before "10", and has each key once.
  const order = Object.entries(Object.fromEntries(classes.map((name, index) => [name, index])));
  const columns = order.map(([, index]) => index);
  const keys = order.map(([name], index) => `${index === 0 ? start : ','}${JSON.stringify(name)}:`);
  const isMatrix = probabilities?.length === 1;
  return (outputs) => {
    const predicted = elements(outputs, label);
    if (predicted === undefined) return undefined;
    if (probabilities === undefined) return (row) => starts.get(predicted[row]);
    const values: ArrayLike<Scalar>[] = [];
    for (const name of probabilities) {
      const column = elements(outputs, name);
      if (column === undefined) return undefined;
      values.push(column);
    }
    const [matrix = []] = values;
    return (row) => {
      let text = starts.get(predicted[row]);
      if (text === undefined) return undefined;
      for (let index = 0; index < keys.length; index++) {
        const column = columns[index] as number;
        const value = Number(isMatrix ? matrix[row * classes.length + column] : values[column]?.[row]);
        if (!Number.isFinite(value)) return undefined;
        text += (keys[index] as string) + finiteText(value);
      }
      return `${text}}`;
    };
  };
}

function compileTensors({ outputs: specs }: TensorsOutput, batching: Batching): PrepareRows {
  const order = Object.entries(Object.fromEntries(specs.map((spec) => [spec.name, spec])));
  const keys = order.map(([name], index) => `${index === 0 ? '' : ','}${JSON.stringify(name)}:`);
  return (outputs, totalRows) => {
    const values: { readonly tensor: Tensor; readonly dims: readonly number[] }[] = [];
    for (const [name, spec] of order) {
      const tensor = outputs[name];
      if (tensor === undefined || tensor.parts !== undefined) return undefined;
      const isSplit = hasRows(spec, tensor, totalRows, batching);
      if (!isSplit && totalRows > 1) return undefined;
      values.push({ tensor, dims: isSplit ? tensor.shape.slice(1) : tensor.shape });
    }
    return (row) => {
      let text = '{"outputs":{';
      for (let index = 0; index < values.length; index++) {
        const { tensor, dims } = values[index] as (typeof values)[number];
        const size = dims.reduce((product, dimension) => product * dimension, 1);
        const value = nestedText(tensor, dims, 0, row * size);
        if (value === undefined) return undefined;
        text += `${keys[index] as string}${value}`;
      }
      return `${text}}`;
    };
  };
}

/** Writes the nested arrays of a tensor, from an element on. */
function nestedText(tensor: Tensor, dims: readonly number[], axis: number, start: number): string | undefined {
  const length = dims[axis];
  if (length === undefined) return elementText(tensor, start);
  let size = 1;
  for (let inner = axis + 1; inner < dims.length; inner++) size *= dims[inner] as number;
  let text = '[';
  for (let item = 0; item < length; item++) {
    const value = nestedText(tensor, dims, axis + 1, start + item * size);
    if (value === undefined) return undefined;
    text += item === 0 ? value : `,${value}`;
  }
  return `${text}]`;
}

function elementText({ dtype, data }: Tensor, index: number): string | undefined {
  const value = data[index];
  if (dtype === 'bool') return value === undefined ? undefined : String(value !== 0);
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? finiteText(value) : undefined;
    case 'bigint':
      return String(value);
    case 'string':
      return JSON.stringify(value);
    default:
      return undefined;
  }
}

function elements(outputs: Outputs, name: string): ArrayLike<Scalar> | undefined {
  return outputs[name]?.data;
}
