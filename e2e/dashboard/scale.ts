/** Where the lines of a grid are, and how their values are written. */
export interface Scale {
  readonly top: number;
  readonly ticks: readonly number[];
}

const steps = [1, 2, 2.5, 5, 10];
const binarySteps = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Returns a scale from 0 to a little above the highest value, with about four lines. */
export function scaleTo(highest: number, unit: string): Scale {
  if (highest === 0) return { top: 1, ticks: [0, 1] };
  const rough = highest / 4;
  const isBinary = unit === 'bytes';
  const magnitude = isBinary
    ? 1024 ** Math.floor(Math.log(rough) / Math.log(1024))
    : 10 ** Math.floor(Math.log10(rough));
  const step = (isBinary ? binarySteps : steps).map((each) => each * magnitude).find((each) => each >= rough) ?? rough;
  const lines = Math.max(1, Math.ceil((highest * 1.02) / step));
  return { top: lines * step, ticks: Array.from({ length: lines + 1 }, (_, index) => index * step) };
}

const short = (value: number, most = 3): string => String(Number(value.toPrecision(most)));

/** Writes a value with a unit of Grafana's. */
export function format(value: number, unit: string): string {
  switch (unit) {
    case 'percentunit':
      return `${short(100 * value)}%`;
    case 's':
      return value === 0
        ? '0 s'
        : value < 0.001
          ? `${short(1e6 * value)} µs`
          : value < 1
            ? `${short(1000 * value)} ms`
            : `${short(value)} s`;
    case 'bytes':
      if (value === 0) return '0 B';
      return value < 2 ** 20
        ? `${short(value / 1024)} KiB`
        : value < 2 ** 30
          ? `${short(value / 2 ** 20)} MiB`
          : `${short(value / 2 ** 30)} GiB`;
    case 'reqps':
      return `${short(value)} req/s`;
    default:
      return value >= 1000 ? `${short(value / 1000)} K` : short(value);
  }
}
