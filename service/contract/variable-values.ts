import { variables, type Variable, type VariableName } from './environment.ts';

/** The numbers that a variable can be. */
interface NumberRange {
  readonly least: number;
  readonly most: number;
  /** Whether it need not be whole. @default false */
  readonly decimals?: true;
}

const port: NumberRange = { least: 0, most: 65535 };
const bytes: NumberRange = { least: 1, most: Number.MAX_SAFE_INTEGER };
const share: NumberRange = { least: 0, most: 1, decimals: true };
const bodyBytes: NumberRange = { least: 1, most: 2 ** 31 - 1 };

const numbers = {
  PORT: port,
  GRPC_PORT: port,
  MANAGEMENT_PORT: port,
  DRAIN_DELAY_SECONDS: { least: 0, most: 3600, decimals: true },
  GRACE_PERIOD_SECONDS: { least: 1, most: 86400, decimals: true },
  REQUEST_TIMEOUT_SECONDS: { least: 0.1, most: 3600, decimals: true },
  MAX_CONNECTIONS: { least: 1, most: 1_000_000 },
  MAX_BODY_BYTES: bodyBytes,
  MAX_RESPONSE_BYTES: bodyBytes,
  MAX_IN_FLIGHT_BYTES: bytes,
  DRIFT_SAMPLE: share,
  SHADOW_SAMPLE: share,
  SHADOW_TOLERANCE: share,
  INFERENCE_THREADS: { least: 1, most: 1024 },
  INFERENCE_MEMORY_BYTES: bytes,
  MAX_BATCH: { least: 1, most: 65536 },
  MAX_BATCH_DELAY_MS: { least: 0, most: 60_000, decimals: true },
  MAX_QUEUE_ROWS: { least: 1, most: 2 ** 31 - 1 },
  MAX_QUEUE_BYTES: bytes,
  JWT_LEEWAY_SECONDS: { least: 0, most: 600 },
  OTEL_EXPORTER_OTLP_TIMEOUT: { least: 100, most: 600_000 },
  OTEL_TRACES_SAMPLER_ARG: share,
  OTEL_BSP_SCHEDULE_DELAY: { least: 1, most: 3_600_000 },
  OTEL_BSP_MAX_QUEUE_SIZE: { least: 1, most: 1_000_000 },
  PAYLOAD_LOG_SAMPLE: share,
  PAYLOAD_LOG_MAX_BYTES: { least: 256, most: 2 ** 20 },
} as const satisfies Partial<Record<VariableName, NumberRange>>;

/** The name of a variable that is a number. */
export type NumberName = keyof typeof numbers;

const whole = /^\d+$/;
const decimal = /^\d+(\.\d+)?$/;

/**
 * Returns what the value of a variable has to be, such as `a whole number from 1 to 1024 (threads)`; undefined if the
 * value is valid, or any text is. The service and the synthesis of the manifests check values with this.
 *
 * @param least a higher lower bound, if it depends on another variable
 */
export function expectedValue(name: VariableName, value: string, least = 0): string | undefined {
  const { values, unit } = variables[name] as Variable;
  if (values !== undefined) {
    if (values.includes(value)) return undefined;
    return values.length === 2 ? values.join(' or ') : `one of ${values.join(', ')}`;
  }
  if (name === 'SHADOW_URL') return isBaseUrl(value) ? undefined : 'a URL such as http://iris-server-shadow';
  if (!Object.hasOwn(numbers, name)) return undefined;
  const { decimals, most, ...range }: NumberRange = numbers[name as NumberName];
  const from = Math.max(range.least, least);
  const number = Number(value);
  if ((decimals ? decimal : whole).test(value) && number >= from && number <= most) return undefined;
  return `${decimals ? 'a number' : 'a whole number'} from ${from} to ${most}${unit ? ` (${unit})` : ''}`;
}

/** Returns whether paths can be added to a URL. */
const isBaseUrl = (value: string): boolean => /^https?:\/\/[^/?#@]+(\/[^?#]*)?$/.test(value) && URL.canParse(value);

/** The size of the largest request body, unless it is set, or a model needs more. */
export const leastBodyBytes = 2 ** 20;

/** Returns the least MAX_IN_FLIGHT_BYTES: two of the largest bodies. */
export const leastInFlightBytes = (maxBodyBytes = leastBodyBytes): number => 2 * maxBodyBytes;
