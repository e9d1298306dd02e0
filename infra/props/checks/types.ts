import { closestName } from '../../../onnx/signature/closest-name.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import { kubernetesVersions } from '../../kubernetes-schemas/versions.ts';
import type { JwtProps } from '../jwt-props.ts';
import type { PredictionServiceProps, RequestAndLimit, Resources, Spread } from '../prediction-service-props.ts';
import type { PayloadLog, Receiver, Tracing } from '../telemetry-props.ts';

/** What a prop has to be: one of several texts, of a type, or an object with certain fields. */
export type PropType =
  | readonly string[]
  | 'text'
  | 'number'
  | 'true or false'
  | 'list'
  | 'list of texts'
  | 'object'
  | 'text or object'
  | { readonly [field: string]: PropType };

/** The type of each field of an object, or of each prop. */
export type PropTypes<Props> = { readonly [Prop in keyof Required<Props>]: PropType };

const requestAndLimit: PropTypes<RequestAndLimit> = { request: 'text', limit: 'text' };
const resources: PropTypes<Resources> = {
  cpu: requestAndLimit,
  memory: requestAndLimit,
  ephemeralStorage: requestAndLimit,
};
const receiver: PropTypes<Receiver> = { headersSecret: 'text', podPort: 'number', privateNetwork: 'true or false' };
const tracing: PropTypes<Tracing> = { ...receiver, endpoint: 'text', sampleRatio: 'number', attributes: 'object' };
const payloadLog: PropTypes<PayloadLog> = {
  ...receiver,
  to: 'text',
  sampleRatio: 'number',
  redact: 'list of texts',
  hash: 'list of texts',
  hashKeySecret: 'text',
  batches: 'true or false',
  maxBytes: 'number',
};
const spreading = ['required', 'preferred'];
const spread: PropTypes<Spread> = { nodes: spreading, zones: spreading };

const jwt: PropTypes<JwtProps> = {
  issuer: 'text',
  audience: 'text',
  jwksUrl: 'text',
  jwksPodPort: 'number',
  insecureJwks: 'true or false',
  algorithms: 'list of texts',
  leewaySeconds: 'number',
};

/** The type of each prop, for programs whose types nobody checks: JavaScript, and TypeScript as Node runs it. */
export const serviceProps: PropTypes<PredictionServiceProps> = {
  name: 'text',
  image: 'text',
  requireDigest: 'true or false',
  unpinnedImage: 'text',
  namespace: 'text',
  kubernetesVersion: kubernetesVersions,
  models: 'object',
  imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
  replicas: 'number',
  resources,
  settings: 'object',
  grpc: 'true or false',
  publicProbes: 'true or false',
  publicDocs: 'true or false',
  playground: 'true or false',
  drainDelaySeconds: 'number',
  requestTimeoutSeconds: 'number',
  gracePeriodSeconds: 'number',
  startupSeconds: 'number',
  minReadySeconds: 'number',
  progressDeadlineSeconds: 'number',
  revisionHistoryLimit: 'number',
  lostNodeSeconds: 'number',
  spread,
  trafficDistribution: ['PreferClose', 'PreferSameZone', 'PreferSameNode'],
  nodePort: 'number',
  grpcNodePort: 'number',
  nodePortRange: 'list',
  apiKeySecret: 'text',
  unauthenticated: 'text',
  jwt,
  allowFrom: 'list',
  allowManagementFrom: 'list',
  priorityClassName: 'text',
  imagePullSecrets: 'list of texts',
  nodeSelector: 'object',
  tolerations: 'list',
  platforms: 'list of texts',
  accelerator: 'text or object',
  hostUsers: 'true or false',
  podLabels: 'object',
  podAnnotations: 'object',
  env: 'object',
  volumes: 'object',
  tracing,
  payloadLog,
};

/**
 * Returns the props that no construct has, and those whose type is wrong. A prop that is undefined counts as left out.
 *
 * @param props what was passed, which may be anything
 */
export function findMistypedProps(
  props: object,
  types: Readonly<Record<string, PropType>>,
  required: readonly string[] = ['name', 'image'],
): readonly InvalidProp[] {
  return [...checkRequired(props, required), ...checkFields(props, types, '')];
}

function* checkRequired(props: object, required: readonly string[]): Generator<InvalidProp> {
  for (const prop of required) {
    if ((props as Readonly<Record<string, unknown>>)[prop] === undefined)
      yield { prop, value: undefined, reason: 'is missing', fix: 'Set it: it has no default.' };
  }
}

function* checkFields(
  object: object,
  types: Readonly<Record<string, PropType>>,
  parent: string,
): Generator<InvalidProp> {
  for (const [field, value] of Object.entries(object) as [string, unknown][]) {
    const prop = `${parent}${field}`;
    if (!Object.hasOwn(types, field)) {
      const near = closestName(field, Object.keys(types));
      const fix = near === undefined ? `Use one of these: ${Object.keys(types).join(', ')}.` : `Did you mean ${near}?`;
      // Messages end up in logs, where a key must not appear.
      const shown = /key|secret|token|password/i.test(field) ? '(hidden)' : value;
      yield { prop, value: shown, reason: 'is set, but there is no such prop', fix };
    } else if (value !== undefined) yield* checkType(prop, value, types[field] as PropType);
  }
}

function* checkType(prop: string, value: unknown, type: PropType): Generator<InvalidProp> {
  if (typeof type === 'object' && !Array.isArray(type)) {
    if (isObject(value)) yield* checkFields(value, type as Readonly<Record<string, PropType>>, `${prop}.`);
    else yield { prop, value, reason: 'is not an object', fix: `Use an object with ${Object.keys(type).join(', ')}.` };
  } else if (!isOfType(value, type as Exclude<PropType, Readonly<Record<string, PropType>>>)) {
    const values = Array.isArray(type) ? (type as readonly string[]) : undefined;
    const expected = values === undefined ? (type as string) : `one of ${values.join(', ')}`;
    const article =
      /^[tn]|^list/.test(expected) && expected !== 'true or false' ? 'a ' : type === 'object' ? 'an ' : '';
    const quotes = expected === 'text' && typeof value === 'number' ? ` Write it in quotes: '${value}'.` : '';
    yield { prop, value, reason: `is not ${article}${expected}`, fix: `Use ${article}${expected}.${quotes}` };
  }
}

function isOfType(value: unknown, type: Exclude<PropType, Readonly<Record<string, PropType>>>): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'true or false':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'list of texts':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
    case 'object':
      return isObject(value);
    case 'text or object':
      return typeof value === 'string' || isObject(value);
    default:
      return typeof value === 'string' && type.includes(value);
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
