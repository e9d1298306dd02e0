import { readFileSync } from 'node:fs';
import { hasUser, httpUrl, type VariableName } from '../contract/index.ts';
import { parseHeaders, parsePairs } from '../exports/headers.ts';

/** Which requests are traced. */
export interface SamplerConfig {
  /** Whether a caller that sends a valid `traceparent` decides. */
  readonly parentBased: boolean;
  /** The share of the others, from 0 to 1. */
  readonly ratio: number;
}

export interface TracingConfig {
  readonly endpoint: URL;
  /** `name=value` pairs. */
  readonly headers: string | undefined;
  readonly headersFile: string | undefined;
  readonly timeoutMs: number;
  readonly delayMs: number;
  readonly maxSpans: number;
  readonly sampler: SamplerConfig;
  /** Attributes of the service, its name included. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface PayloadLogConfig {
  /** Undefined for standard output. */
  readonly receiver: URL | undefined;
  readonly headersFile: string | undefined;
  readonly batches: boolean;
  readonly sample: number;
  readonly redact: readonly string[];
  readonly hash: readonly string[];
  readonly hashKey: Buffer | undefined;
  readonly maxBytes: number;
  /** The name of the service. */
  readonly source: string;
}

export interface TelemetryConfig {
  /** Undefined if requests are not traced. */
  readonly tracing: TracingConfig | undefined;
  /** Undefined if nothing is logged. */
  readonly payloadLog: PayloadLogConfig | undefined;
}

/** Reads variables and collects what is wrong with them. */
export interface VariableReader {
  readonly raw: (name: VariableName) => string;
  readonly check: (name: VariableName, fine: boolean, expected: string) => void;
  readonly checkValue: (name: VariableName) => void;
  /** Adds a problem in other words. */
  readonly problem: (text: string) => void;
}

const LEAST_KEY_BYTES = 16;

export function readTelemetry(reader: VariableReader): TelemetryConfig {
  return { tracing: readTracing(reader), payloadLog: readPayloadLog(reader) };
}

function readTracing(reader: VariableReader): TracingConfig | undefined {
  const { raw, check, checkValue, problem } = reader;
  const [base, own] = [raw('OTEL_EXPORTER_OTLP_ENDPOINT'), raw('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')];
  checkValue('OTEL_SDK_DISABLED');
  if ((base === '' && own === '') || raw('OTEL_SDK_DISABLED') === 'true') return undefined;
  const numbers = ['OTEL_EXPORTER_OTLP_TIMEOUT', 'OTEL_BSP_SCHEDULE_DELAY', 'OTEL_BSP_MAX_QUEUE_SIZE'] as const;
  const [timeoutMs, delayMs, maxSpans] = numbers.map((name) => Number(raw(name))) as [number, number, number];
  for (const name of [
    ...numbers,
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    'OTEL_TRACES_SAMPLER',
    'OTEL_TRACES_SAMPLER_ARG',
  ] as const)
    checkValue(name);
  const headersFile = raw('OTEL_EXPORTER_OTLP_HEADERS_FILE') || undefined;
  checkFile(reader, 'OTEL_EXPORTER_OTLP_HEADERS_FILE', (file) => void parseHeaders(file.toString()), 'headers');
  const headers = raw('OTEL_EXPORTER_OTLP_HEADERS');
  if (!parses(() => void parseHeaders(headers))) {
    // The value may be secret.
    problem('OTEL_EXPORTER_OTLP_HEADERS is not name=value,name=value with percent-encoded values');
  }
  const attributes = raw('OTEL_RESOURCE_ATTRIBUTES');
  const valid = parses(() => void parsePairs(attributes));
  check('OTEL_RESOURCE_ATTRIBUTES', valid, 'name=value,name=value with percent-encoded values');
  const endpoint =
    own === ''
      ? urlOf(reader, 'OTEL_EXPORTER_OTLP_ENDPOINT', (url) => `${url.replace(/\/+$/, '')}/v1/traces`)
      : urlOf(reader, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const sampler = raw('OTEL_TRACES_SAMPLER');
  return {
    endpoint,
    headers: headers || undefined,
    headersFile,
    timeoutMs,
    delayMs,
    maxSpans,
    sampler: {
      parentBased: sampler.startsWith('parentbased_'),
      ratio: sampler.endsWith('always_on') ? 1 : sampler.endsWith('off') ? 0 : Number(raw('OTEL_TRACES_SAMPLER_ARG')),
    },
    resource: {
      ...(valid ? parsePairs(attributes) : {}),
      'service.name': raw('OTEL_SERVICE_NAME'),
    },
  };
}

function readPayloadLog(reader: VariableReader): PayloadLogConfig | undefined {
  const { raw, checkValue, problem } = reader;
  const target = raw('PAYLOAD_LOG');
  if (target === '') return undefined;
  for (const name of ['PAYLOAD_LOG_SAMPLE', 'PAYLOAD_LOG_FORMAT', 'PAYLOAD_LOG_MAX_BYTES'] as const) checkValue(name);
  const hash = namesIn(raw('PAYLOAD_LOG_HASH'));
  const hashKey = checkFile(
    reader,
    'PAYLOAD_LOG_HASH_KEY_FILE',
    (file) => {
      if (file.length < LEAST_KEY_BYTES) throw new Error('too short');
    },
    `at least ${LEAST_KEY_BYTES} bytes`,
  );
  if (hash.length > 0 && raw('PAYLOAD_LOG_HASH_KEY_FILE') === '')
    problem('PAYLOAD_LOG_HASH needs PAYLOAD_LOG_HASH_KEY_FILE: a hash without a key can be guessed');
  checkFile(reader, 'PAYLOAD_LOG_HEADERS_FILE', (file) => void parseHeaders(file.toString()), 'headers');
  return {
    receiver: target === 'stdout' ? undefined : urlOf(reader, 'PAYLOAD_LOG', undefined, 'stdout or '),
    headersFile: raw('PAYLOAD_LOG_HEADERS_FILE') || undefined,
    batches: raw('PAYLOAD_LOG_FORMAT') === 'cloudevents-batch',
    sample: Number(raw('PAYLOAD_LOG_SAMPLE')),
    redact: namesIn(raw('PAYLOAD_LOG_REDACT')),
    hash,
    hashKey,
    maxBytes: Number(raw('PAYLOAD_LOG_MAX_BYTES')),
    source: raw('OTEL_SERVICE_NAME'),
  };
}

const namesIn = (list: string): readonly string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

function urlOf(
  { raw, check }: VariableReader,
  name: VariableName,
  complete = (url: string): string => url,
  or = '',
): URL {
  const url = httpUrl(complete(raw(name)));
  const fine = url !== undefined && !hasUser(url);
  check(name, fine, `${or}a URL that starts with http:// or https://, without a user and a password`);
  return fine ? url : new URL('http://invalid');
}

/** Returns the content of a file that is configured; undefined if there is none, or the file is not valid. */
function checkFile(
  { raw, check }: VariableReader,
  name: VariableName,
  validate: (content: Buffer) => void,
  what: string,
): Buffer | undefined {
  const path = raw(name);
  if (path === '') return undefined;
  let content: Buffer | undefined;
  const fine = parses(() => {
    content = readFileSync(path);
    validate(content);
  });
  check(name, fine, `a readable file with ${what}`);
  return content;
}

function parses(parse: () => void): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
