import {
  expectedValue,
  leastInFlightBytes,
  minimumGraceSeconds,
  variables,
  type Variable,
  type VariableName,
} from '../../service/contract/index.ts';
import { headlessName, isNamespaceName, isObjectName, isServiceName, longestName } from '../metadata/names.ts';
import { parseImageReference } from './image-reference.ts';
import type { InvalidProp } from './invalid-props-error.ts';
import type { RequestAndLimit } from './prediction-service-props.ts';
import { parseQuantity } from './quantity.ts';
import type { ResolvedProps } from './resolved-props.ts';
import { managedSettings } from './settings.ts';

/** Returns every prop with a value that would not work on a cluster, and an empty list if there is none. */
export function findInvalidProps(props: ResolvedProps): readonly InvalidProp[] {
  return [
    ...checkNames(props),
    ...checkImage(props),
    ...checkNumbers(props),
    ...checkTimes(props),
    ...checkResources(props),
    ...checkSettings(props),
  ];
}

function* checkNames({
  name,
  namespace,
  grpc,
  apiKeySecret,
  priorityClassName,
}: ResolvedProps): Generator<InvalidProp> {
  const reason = 'is not a valid name in Kubernetes';
  // A Service has the strictest rule of all objects with this name.
  if (!isServiceName(name)) {
    const fix = `Use lower-case letters, digits and dashes, starting with a letter; at most ${longestName} characters.`;
    yield { prop: 'name', value: name, reason, fix };
  } else if (grpc && !isServiceName(headlessName(name))) {
    yield {
      prop: 'name',
      value: name,
      reason: `is too long: the headless Service would be called ${headlessName(name)}`,
      fix: `Use at most ${longestName - headlessName('').length} characters, or set grpc to false.`,
    };
  }
  if (!isNamespaceName(namespace)) {
    const fix = `Use lower-case letters, digits and dashes; at most ${longestName} characters.`;
    yield { prop: 'namespace', value: namespace, reason, fix };
  }
  for (const [prop, value] of Object.entries({ apiKeySecret, priorityClassName })) {
    if (value === undefined || isObjectName(value)) continue;
    yield { prop, value, reason, fix: 'Use lower-case letters, digits, dashes and dots; at most 253 characters.' };
  }
}

function* checkImage({ image }: ResolvedProps): Generator<InvalidProp> {
  const reference = parseImageReference(image);
  const fix = "Name a version, such as 'registry.example.com/iris-server:v0.1.0', or add a digest: '@sha256:…'.";
  if (reference === undefined) {
    yield { prop: 'image', value: image, reason: 'is not a valid image reference', fix };
  } else if (reference.digest === undefined && (reference.tag ?? 'latest') === 'latest') {
    const reason =
      reference.tag === undefined
        ? 'has neither a tag nor a digest'
        : 'has the tag latest, which can move: you could not tell which version runs, or roll back to it';
    yield { prop: 'image', value: image, reason, fix };
  }
}

interface WholeNumber {
  readonly minimum: number;
  /** What it counts. */
  readonly unit: string;
  /** The service's variable that gets the value, which may have a maximum. */
  readonly variable?: VariableName;
}

/** The props that are whole numbers. */
const wholeNumbers = {
  replicas: { minimum: 1, unit: 'replicas' },
  drainDelaySeconds: { minimum: 0, unit: 'seconds', variable: 'DRAIN_DELAY_SECONDS' },
  requestTimeoutSeconds: { minimum: 1, unit: 'seconds', variable: 'REQUEST_TIMEOUT_SECONDS' },
  gracePeriodSeconds: { minimum: 1, unit: 'seconds', variable: 'GRACE_PERIOD_SECONDS' },
  startupSeconds: { minimum: 1, unit: 'seconds' },
  minReadySeconds: { minimum: 0, unit: 'seconds' },
  progressDeadlineSeconds: { minimum: 1, unit: 'seconds' },
  revisionHistoryLimit: { minimum: 0, unit: 'revisions' },
  lostNodeSeconds: { minimum: 0, unit: 'seconds' },
} as const satisfies Partial<Record<keyof ResolvedProps, WholeNumber>>;

function* checkNumbers(props: ResolvedProps): Generator<InvalidProp> {
  for (const prop of Object.keys(wholeNumbers) as (keyof typeof wholeNumbers)[]) {
    const value = props[prop];
    const { minimum, unit, variable }: WholeNumber = wholeNumbers[prop];
    if (Number.isInteger(value) && value >= minimum) {
      const expected = variable && expectedValue(variable, String(value));
      if (expected !== undefined) yield { prop, value, reason: 'is too high', fix: `Use ${expected}.` };
      continue;
    }
    const reason = Number.isInteger(value) ? 'is too low' : 'is not a whole number';
    yield { prop, value, reason, fix: `Use a whole number of ${unit}, ${minimum} or more.` };
  }
  const { nodePort } = props;
  if (nodePort !== undefined && !(Number.isInteger(nodePort) && nodePort >= 30000 && nodePort <= 32767)) {
    const fix = 'Use a whole number from 30000 to 32767.';
    yield { prop: 'nodePort', value: nodePort, reason: 'is not a valid node port', fix };
  }
}

function* checkTimes(props: ResolvedProps): Generator<InvalidProp> {
  const { drainDelaySeconds, requestTimeoutSeconds, gracePeriodSeconds } = props;
  const minimum = minimumGraceSeconds(drainDelaySeconds, requestTimeoutSeconds);
  if (gracePeriodSeconds < minimum) {
    const closing = minimum - drainDelaySeconds - requestTimeoutSeconds;
    yield {
      prop: 'gracePeriodSeconds',
      value: gracePeriodSeconds,
      reason: 'is too short: Kubernetes would kill a terminating pod before it has finished its requests',
      fix:
        `Use at least ${minimum} (drainDelaySeconds ${drainDelaySeconds} + requestTimeoutSeconds ` +
        `${requestTimeoutSeconds} + ${closing} to close connections), or lower one of those.`,
    };
  }
  const { startupSeconds, minReadySeconds, progressDeadlineSeconds } = props;
  const start = startupSeconds + minReadySeconds;
  if (progressDeadlineSeconds <= start) {
    yield {
      prop: 'progressDeadlineSeconds',
      value: progressDeadlineSeconds,
      reason: 'is too short: the rollout would count as failed while a pod may still be starting',
      fix:
        `Use more than ${start} (startupSeconds ${startupSeconds} + minReadySeconds ${minReadySeconds}), ` +
        'or lower one of those.',
    };
  }
}

function* checkResources({ resources }: ResolvedProps): Generator<InvalidProp> {
  for (const [resource, amount] of Object.entries(resources) as [string, RequestAndLimit][]) {
    const prop = `resources.${resource}`;
    const request = parseQuantity(amount.request);
    const limit = parseQuantity(amount.limit);
    for (const [end, parsed] of Object.entries({ request, limit }) as ['request' | 'limit', number | undefined][]) {
      if (parsed !== undefined && parsed > 0) continue;
      const fix = "Use a number with a suffix, such as '500m' for half a CPU, or '512Mi'.";
      yield { prop: `${prop}.${end}`, value: amount[end], reason: 'is not a quantity above zero', fix };
    }
    if (request !== undefined && limit !== undefined && limit < request) {
      const fix = `Use at least '${amount.request}', or lower the request.`;
      yield { prop: `${prop}.limit`, value: amount.limit, reason: `is below the request, '${amount.request}'`, fix };
    }
  }
}

const allowedSettings = Object.keys(variables).filter((name) => !Object.hasOwn(managedSettings, name));

function* checkSettings({ settings }: ResolvedProps): Generator<InvalidProp> {
  // Node runs TypeScript without checking types, so a value may be of any.
  for (const [setting, value] of Object.entries(settings as Readonly<Record<string, unknown>>)) {
    const prop = `settings.${setting}`;
    const variable = (variables as Record<string, Variable>)[setting];
    if (Object.hasOwn(managedSettings, setting)) {
      yield {
        prop,
        // Messages end up in logs, where an API key must not appear.
        value: setting === 'API_KEY' ? '(hidden)' : value,
        reason: 'sets a variable that is not allowed in settings',
        fix: managedSettings[setting as keyof typeof managedSettings],
      };
    } else if (variable === undefined) {
      const fix = `Use one of these: ${allowedSettings.join(', ')}.`;
      yield { prop, value, reason: 'sets a variable that the service does not have', fix };
    } else if (typeof value !== 'string') {
      yield { prop, value, reason: 'is not a string', fix: `Write it in quotes: '${String(value)}'.` };
    } else {
      const expected = expectedValue(setting as VariableName, value, leastOf(setting, settings));
      if (expected === undefined) continue;
      const example = variable.values === undefined ? ` such as '${variable.default ?? '1000'}',` : '';
      const fix = `Use ${expected},${example} or leave it out.`;
      yield { prop, value, reason: 'is not a value that the service accepts', fix };
    }
  }
}

/** Returns the lower bound of a setting that depends on another one. */
function leastOf(setting: string, { MAX_BODY_BYTES: body }: ResolvedProps['settings']): number | undefined {
  if (setting !== 'MAX_IN_FLIGHT_BYTES') return undefined;
  return leastInFlightBytes(body === undefined ? undefined : Number(body));
}
