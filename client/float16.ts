/** Converts 16-bit floats, for JavaScript engines without Float16Array. */

const scratch = new DataView(new ArrayBuffer(4));

/** Returns the number that the 16 bits stand for. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Returns the bits of the nearest 16-bit float; of two that are equally near, the even one (IEEE 754). */
export function toFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Half a step above the largest, 65504.
  if (size >= 65520) return sign | 0x7c00;
  // Below the normal numbers all steps have the same size.
  const exponent = size < 2 ** -14 ? -14 : floorLog2(size);
  const steps = roundTiesToEven(size / 2 ** (exponent - 10));
  // A carry out of the fraction correctly increments the exponent.
  return sign | (((exponent + 14) << 10) + steps);
}

/** Exact, unlike Math.log2: starts from the exponent of the nearest float32. */
function floorLog2(size: number): number {
  scratch.setFloat32(0, size);
  const exponent = (scratch.getUint32(0) >> 23) - 127;
  return 2 ** exponent > size ? exponent - 1 : exponent;
}

function roundTiesToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
