import { readCell, type Cell } from '../../onnx/signature/cells.ts';
import type { Feature, Signature } from '../../onnx/signature/signature.ts';
import { toJson } from '../json.ts';
import { parseField } from './parse-field.ts';

/** A value of a file does not fit the model. The message names the column, what was expected and what came. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/**
 * Converts a value of a file to a feature's value.
 *
 * @param isText whether the file is CSV, whose values are all texts
 * @throws {ValueError} if it does not fit
 */
export function readFeature(feature: Feature, value: unknown, isText: boolean): Cell {
  if (value === undefined && feature.optional) return null;
  if (value === undefined) throw new ValueError(`${feature.name} is missing`);
  const reading = readCell(feature, isText && typeof value === 'string' ? parseField(feature, value) : value);
  // Text formats have no bytes: an image is in base64.
  if (reading.problem === undefined) return reading.cell as Cell;
  const { path, value: came, expected } = reading.problem;
  throw new ValueError(
    `${[feature.name, ...path].join('/')}: expected ${expected}, got ${came === undefined ? 'nothing' : toJson(came)}`,
  );
}

/**
 * Returns the true value of a row. For a class, the file may have its name or its label in the graph; returns the name.
 *
 * @throws {ValueError} if it is empty, or not a number for a model that predicts numbers
 */
export function readLabel({ output }: Signature, column: string, value: unknown): string | number {
  const text = typeof value === 'string' ? value.trim() : value === undefined ? '' : toJson(value);
  if (text === '') throw new ValueError(`${column} is empty`);
  if (output.task === 'classifier') {
    if (output.classes.includes(text)) return text;
    const index = output.labels.findIndex(
      (label) => String(label) === text || (typeof label === 'bigint' && Number(text) === Number(label)),
    );
    return output.classes[index] ?? text;
  }
  const number = Number(text);
  if (Number.isNaN(number)) throw new ValueError(`${column}: expected a number, got ${toJson(value)}`);
  // A text, since -1 and 1 of an anomaly detector are classes rather than quantities.
  return output.task === 'anomaly-detector' ? String(number) : number;
}
