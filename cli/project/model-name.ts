import { basename } from 'node:path';
import { UsageError } from '../failure.ts';

/** With the suffix `-server-headless` it names a Service: at most 63 characters, starting with a letter (RFC 1035). */
const valid = /^[a-z]([-a-z0-9]{0,45}[a-z0-9])?$/;

/** @throws {UsageError} if it isn't a valid name in Kubernetes; it proposes one that is */
export function checkModelName(name: string): string {
  if (valid.test(name)) return name;
  const proposal = similarName(name);
  throw new UsageError(
    `"${name}" is not a valid model name: ` +
      'expected at most 47 lowercase letters, digits and dashes, starting with a letter.',
    { hint: proposal === '' ? 'Choose one with --name NAME.' : `Choose another one, such as --name ${proposal}` },
  );
}

/** Derives a model name: wine-quality from `Wine Quality.onnx`, and the folder's name from `model.onnx`. */
export function nameFrom(file: string | undefined, folder: string): string {
  const stem = file === undefined ? '' : basename(file).replace(/\.onnx$/i, '');
  return checkModelName(dashed(stem === '' || stem.toLowerCase() === 'model' ? basename(folder) : stem));
}

/** Returns a valid name that is like another one; '' if nothing of it can be kept. */
function similarName(name: string): string {
  const kept = dashed(name);
  return (/^\d/.test(kept) ? `model-${kept}` : kept).slice(0, 47).replace(/-+$/, '');
}

const dashed = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
