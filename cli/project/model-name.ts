import { basename } from 'node:path';
import { UsageError } from '../failure.ts';

/** With the suffix `-server-headless` it names a Service: at most 63 characters, starting with a letter (RFC 1035). */
const valid = /^[a-z]([-a-z0-9]{0,45}[a-z0-9])?$/;

/** @throws {UsageError} if it isn't a valid name in Kubernetes */
export function checkModelName(name: string): string {
  if (valid.test(name)) return name;
  throw new UsageError(
    `"${name}" is not a valid model name: ` +
      'expected at most 47 lowercase letters, digits and dashes, starting with a letter.',
    { hint: 'Choose one with --name NAME.' },
  );
}

/** Derives a model name: wine-quality from `Wine Quality.onnx`, and the folder's name from `model.onnx`. */
export function nameFrom(file: string | undefined, folder: string): string {
  const stem = file === undefined ? '' : basename(file).replace(/\.onnx$/i, '');
  const source = stem === '' || stem.toLowerCase() === 'model' ? basename(folder) : stem;
  return checkModelName(
    source
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, ''),
  );
}
