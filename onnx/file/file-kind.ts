/** Describes other kinds of files by their first bytes, and says what to do with each. */
const kinds: readonly { readonly starts: string | readonly number[]; readonly at?: number; readonly is: string }[] = [
  { starts: 'version https://git-lfs', is: 'a Git LFS pointer, not the model: run git lfs pull' },
  { starts: 'ORTM', at: 4, is: "a model in onnxruntime's own format: use the .onnx file that it was converted from" },
  {
    starts: 'TFL3',
    at: 4,
    is: 'a TensorFlow Lite model: convert it with python -m tf2onnx.convert --tflite FILE --output model.onnx',
  },
  { starts: 'GGUF', is: 'a GGUF model, a format of llama.cpp and similar programs: export the model to ONNX' },
  {
    starts: [0x50, 0x4b, 3, 4],
    is:
      'a ZIP archive, which PyTorch (torch.save, torch.jit.save), Keras and numpy write: export the model to ONNX ' +
      '(torch.onnx.export(model, example, "model.onnx")), or unpack the archive',
  },
  { starts: [0x89, 0x48, 0x44, 0x46], is: 'an HDF5 file, which Keras writes: convert the model with tf2onnx' },
  { starts: [0x1f, 0x8b], is: 'compressed with gzip: decompress it with gunzip' },
  { starts: [0x28, 0xb5, 0x2f, 0xfd], is: 'compressed with zstd: decompress it with unzstd' },
  {
    starts: [0x78, 0x9c],
    is:
      'compressed with zlib, which joblib.dump does: export the model to ONNX, for example with ' +
      'skl2onnx.to_onnx(model, X[:1])',
  },
];

const pickle =
  'a Python pickle, which pickle.dump, joblib.dump and older versions of torch.save write: export the model to ONNX, ' +
  'for example with skl2onnx.to_onnx(model, X[:1]) or torch.onnx.export';
const webPage =
  "a web page, not a model: the download returned a page instead, such as a login, an error, or GitHub's view of the " +
  'file. Download the file itself';
const xml =
  'an XML document, not a model: storage services send one if they deny access. Read it, and download the model again';

/** Returns whether a file is a Git LFS pointer instead of the content. */
export const isLfsPointer = (bytes: Uint8Array): boolean => startsWith(bytes, 'version https://git-lfs', 0);

/** Describes what a file is and what to do, if it is known not to be a model; the description completes "it is …". */
export function describeNonModel(bytes: Uint8Array): string | undefined {
  const known = kinds.find(({ starts, at = 0 }) => startsWith(bytes, starts, at));
  if (known !== undefined) return known.is;
  // Protocols 2 to 5 start with the opcode PROTO and the version.
  const [first = 0, second = 0] = bytes;
  if (first === 0x80 && second >= 2 && second <= 5) return pickle;
  const beginning = new TextDecoder().decode(bytes.subarray(0, 200)).trimStart().toLowerCase();
  if (/^(<!doctype html|<html|<head)/.test(beginning)) return webPage;
  if (beginning.startsWith('<?xml')) return xml;
  if (/^[{[]\s*["{[\]}]/.test(beginning)) return 'JSON, not a model: use the .onnx file that the exporter wrote';
  if (startsWith(bytes, '{"', 8))
    return 'a safetensors file, which contains weights but no graph: export the model to ONNX';
  return undefined;
}

function startsWith(bytes: Uint8Array, start: string | readonly number[], at: number): boolean {
  const wanted = typeof start === 'string' ? new TextEncoder().encode(start) : start;
  return wanted.every((byte, index) => bytes[at + index] === byte);
}
