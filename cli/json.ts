/** JSON whose integers keep all their digits: those past 2^53 are bigints. */
export { parseJson } from '../client/json.ts';
export { toJson } from '../onnx/exact-json.ts';
