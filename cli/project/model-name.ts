import { basename } from 'node:path';
import { UsageError } from '../failure.ts';

/** With `-server-headless` behind it, it is the name of a Service: by RFC 1035 63 characters, of which the first is a letter. */
const valid = /^[a-z]([-a-z0-9]{0,45}[a-z0-9])?$/;

/** @throws UsageError where it cannot be a name in Kubernetes */
export function checkModelName(name: string): string {
  if (valid.test(name)) return name;
  throw new UsageError(
    `"${name}" is no name for a model: expected lower-case letters, digits and dashes, beginning with a letter, at most 47.`,
    { hint: 'Give it one with --name NAME.' },
  );
}

/** A name from what there is: `Wine Quality.onnx` is wine-quality; `model.onnx` says nothing, so the folder names that. */
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
