import { expectedValue, hasUser, httpUrl, type NumberName } from '../../../service/contract/index.ts';
import { isObjectName } from '../../metadata/names.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { ResolvedProps } from '../resolved-props.ts';
import { checkPort } from './numbers.ts';

/** Checks traces and the payload log. */
export function* checkTelemetry({ tracing, payloadLog }: ResolvedProps): Generator<InvalidProp> {
  if (tracing !== undefined) {
    yield* checkUrl('tracing.endpoint', tracing.endpoint, 'http://collector.monitoring.svc:4318');
    yield* checkNumber('tracing.sampleRatio', tracing.sampleRatio, 'OTEL_TRACES_SAMPLER_ARG');
    yield* checkReceiver('tracing', tracing);
    for (const [name, value] of Object.entries((tracing.attributes ?? {}) as Readonly<Record<string, unknown>>))
      if (typeof value !== 'string')
        yield {
          prop: `tracing.attributes.${name}`,
          value,
          reason: 'is not a text',
          fix: `Write it in quotes: '${String(value)}'.`,
        };
  }
  if (payloadLog === undefined) return;
  const { to, sampleRatio, maxBytes, hash = [], hashKeySecret, redact = [] } = payloadLog;
  if (to !== 'stdout') yield* checkUrl('payloadLog.to', to, 'http://events.data.svc:8080', "'stdout' or ");
  yield* checkNumber('payloadLog.sampleRatio', sampleRatio, 'PAYLOAD_LOG_SAMPLE');
  yield* checkNumber('payloadLog.maxBytes', maxBytes, 'PAYLOAD_LOG_MAX_BYTES');
  yield* checkReceiver('payloadLog', payloadLog);
  yield* checkSecret('payloadLog.hashKeySecret', hashKeySecret);
  for (const [prop, names] of Object.entries({ redact, hash }))
    for (const [index, name] of names.entries())
      if (name.trim() === '' || name.trim() !== name || name.includes(','))
        yield {
          prop: `payloadLog.${prop}.${index}`,
          value: name,
          reason: 'is not a name that the service can read from a list',
          fix: 'Use the name of a feature, an input or an output, without a comma, or spaces around it.',
        };
  if (hash.length > 0 && hashKeySecret === undefined)
    yield {
      prop: 'payloadLog.hash',
      value: hash,
      reason: 'needs a key, since a hash without a key can be guessed',
      fix: 'Set payloadLog.hashKeySecret to the name of a Secret with the entry hash-key.',
    };
}

function* checkUrl(prop: string, value: string, example: string, or = ''): Generator<InvalidProp> {
  const url = httpUrl(value);
  if (url === undefined)
    yield { prop, value, reason: 'is not a URL of HTTP', fix: `Use ${or}a URL such as '${example}'.` };
  else if (hasUser(url))
    yield {
      prop,
      value: '(hidden)',
      reason: 'has a user or a password, which would be readable in the manifests',
      fix: 'Put them into a Secret as the header authorization, and set headersSecret to its name.',
    };
}

function* checkNumber(prop: string, value: number | undefined, variable: NumberName): Generator<InvalidProp> {
  if (value === undefined) return;
  const expected = expectedValue(variable, String(value));
  if (expected !== undefined)
    yield { prop, value, reason: 'is not a value that the service accepts', fix: `Use ${expected}.` };
}

function* checkReceiver(
  parent: string,
  { headersSecret, podPort }: { readonly headersSecret?: string; readonly podPort?: number },
): Generator<InvalidProp> {
  yield* checkSecret(`${parent}.headersSecret`, headersSecret);
  yield* checkPort(`${parent}.podPort`, podPort);
}

function* checkSecret(prop: string, value: string | undefined): Generator<InvalidProp> {
  if (value !== undefined && !isObjectName(value))
    yield {
      prop,
      value,
      reason: 'is not a valid name of a Secret',
      fix: 'Use lower-case letters, digits, dashes and dots.',
    };
}
