/** What files that are no models look like, by their first bytes; with what to do. */
const kinds: readonly { readonly starts: string | readonly number[]; readonly at?: number; readonly is: string }[] = [
  { starts: 'version https://git-lfs', is: 'a pointer of Git LFS, not the model: run git lfs pull' },
  { starts: 'ORTM', at: 4, is: "a model in onnxruntime's own format: bring the .onnx file that it was converted from" },
  {
    starts: 'TFL3',
    at: 4,
    is: 'a TensorFlow Lite model: convert it with tf2onnx (python -m tf2onnx.convert --tflite FILE --output model.onnx)',
  },
  { starts: 'GGUF', is: 'a GGUF model, which llama.cpp and its like run: export the model to ONNX' },
  {
    starts: [0x50, 0x4b, 3, 4],
    is: 'a ZIP archive, as PyTorch (torch.save, torch.jit.save), Keras and numpy write: export the model to ONNX (torch.onnx.export(model, example, "model.onnx")), or unpack the archive',
  },
  { starts: [0x89, 0x48, 0x44, 0x46], is: 'an HDF5 file, as Keras writes: convert the model with tf2onnx' },
  { starts: [0x1f, 0x8b], is: 'compressed with gzip: unpack it (gunzip)' },
  { starts: [0x28, 0xb5, 0x2f, 0xfd], is: 'compressed with zstd: unpack it (unzstd)' },
  {
    starts: [0x78, 0x9c],
    is: 'compressed with zlib, as joblib.dump writes: export the model to ONNX, as with skl2onnx.to_onnx(model, X[:1])',
  },
];

const pickle =
  'a Python pickle, as pickle.dump, joblib.dump and older torch.save write: export the model to ONNX, as with skl2onnx.to_onnx(model, X[:1]) or torch.onnx.export';

export const isLfsPointer = (bytes: Uint8Array): boolean => startsWith(bytes, 'version https://git-lfs', 0);

/** In words, what a file is, where it is known not to be a model. */
export function describeNonModel(bytes: Uint8Array): string | undefined {
  const known = kinds.find(({ starts, at = 0 }) => startsWith(bytes, starts, at));
  if (known !== undefined) return known.is;
  // Protocol 2 to 5, and what follows it: a frame, or the first thing that is kept.
  const [first = 0, second = 0] = bytes;
  if (first === 0x80 && second >= 2 && second <= 5) return pickle;
  const beginning = new TextDecoder().decode(bytes.subarray(0, 200)).trimStart().toLowerCase();
  if (/^(<!doctype html|<html|<head)/.test(beginning))
    return "a web page, not a model: the download got a page (a login, an error, or GitHub's view of the file) in its place; download the file itself";
  if (beginning.startsWith('<?xml'))
    return 'an XML document, as storage services answer when they refuse: look into it, and download the model again';
  if (/^[{[]\s*["{[\]}]/.test(beginning)) return 'JSON, not a model: bring the .onnx file that the exporter wrote';
  if (startsWith(bytes, '{"', 8)) return 'a safetensors file, which has weights and no graph: export the model to ONNX';
  return undefined;
}

function startsWith(bytes: Uint8Array, start: string | readonly number[], at: number): boolean {
  const wanted = typeof start === 'string' ? new TextEncoder().encode(start) : start;
  return wanted.every((byte, index) => bytes[at + index] === byte);
}
