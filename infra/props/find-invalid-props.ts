import { minimumGraceSeconds, variables, type Variable } from '../../service/contract/index.ts';
import { parseImageReference } from './image-reference.ts';
import type { Problem } from './invalid-props-error.ts';
import { managedSettings, type Amount, type ResolvedProps } from './prediction-service-props.ts';
import { parseQuantity } from './quantity.ts';
import { headlessName } from '../constructs/services.ts';

/** Everything that is wrong with the props; empty where they make manifests that work. */
export function findProblems(props: ResolvedProps): readonly Problem[] {
  return [
    ...names(props),
    ...image(props),
    ...numbers(props),
    ...times(props),
    ...resources(props),
    ...settings(props),
  ];
}

// RFC 1035 as Kubernetes asks it of a Service's name, the strictest of the objects that share the name.
const serviceName = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function* names({ name, namespace, grpc, apiKeySecret, priorityClassName }: ResolvedProps): Iterable<Problem> {
  const reason = 'is not a name that Kubernetes accepts here';
  const fix = 'use lower-case letters, digits and dashes';
  if (!serviceName.test(name)) {
    yield { prop: 'name', value: name, reason, fix: `${fix}, beginning with a letter, at most 63 characters` };
  } else if (grpc && !serviceName.test(headlessName(name))) {
    const longest = 63 - headlessName('').length;
    yield {
      prop: 'name',
      value: name,
      reason: `is too long for a Service called ${headlessName(name)}`,
      fix: `use at most ${longest} characters, or grpc: false`,
    };
  }
  if (!dnsLabel.test(namespace))
    yield { prop: 'namespace', value: namespace, reason, fix: `${fix}, at most 63 characters` };
  if (!dnsSubdomain.test(apiKeySecret)) yield { prop: 'apiKeySecret', value: apiKeySecret, reason, fix };
  if (priorityClassName !== undefined && !dnsSubdomain.test(priorityClassName)) {
    yield { prop: 'priorityClassName', value: priorityClassName, reason, fix };
  }
}

function* image({ image }: ResolvedProps): Iterable<Problem> {
  const reference = parseImageReference(image);
  const fix = "name a version, as in 'registry.example.com/iris-server:v0.1.0', or add '@sha256:…'";
  if (reference === undefined) {
    yield { prop: 'image', value: image, reason: 'is not an image reference', fix };
  } else if (reference.digest === undefined && (reference.tag ?? 'latest') === 'latest') {
    const reason =
      reference.tag === undefined
        ? 'has neither tag nor digest'
        : 'moves: what runs could never be told, or rolled back';
    yield { prop: 'image', value: image, reason, fix };
  }
}

function* numbers(props: ResolvedProps): Iterable<Problem> {
  const least = {
    replicas: 1,
    drainDelaySeconds: 0,
    requestTimeoutSeconds: 1,
    gracePeriodSeconds: 1,
    startupSeconds: 1,
    minReadySeconds: 0,
    progressDeadlineSeconds: 1,
    revisionHistoryLimit: 0,
    lostNodeSeconds: 0,
  } as const;
  for (const prop of Object.keys(least) as (keyof typeof least)[]) {
    const value = props[prop];
    if (!Number.isInteger(value) || value < least[prop]) {
      yield {
        prop,
        value,
        reason: `is not a whole number of at least ${least[prop]}`,
        fix: `use ${least[prop]} or more`,
      };
    }
  }
  const { nodePort } = props;
  if (nodePort !== undefined && !(Number.isInteger(nodePort) && nodePort >= 30000 && nodePort <= 32767)) {
    yield {
      prop: 'nodePort',
      value: nodePort,
      reason: "is outside the cluster's range",
      fix: 'use a whole number from 30000 to 32767',
    };
  }
}

function* times(props: ResolvedProps): Iterable<Problem> {
  const { drainDelaySeconds, requestTimeoutSeconds, gracePeriodSeconds } = props;
  const grace = minimumGraceSeconds(drainDelaySeconds, requestTimeoutSeconds);
  if (gracePeriodSeconds < grace) {
    yield {
      prop: 'gracePeriodSeconds',
      value: gracePeriodSeconds,
      reason: `would cut requests off (drainDelaySeconds ${drainDelaySeconds} + requestTimeoutSeconds ${requestTimeoutSeconds} + closing)`,
      fix: `use ${grace} or more, or lower one of those`,
    };
  }
  const { startupSeconds, minReadySeconds, progressDeadlineSeconds } = props;
  const start = startupSeconds + minReadySeconds;
  if (progressDeadlineSeconds <= start) {
    yield {
      prop: 'progressDeadlineSeconds',
      value: progressDeadlineSeconds,
      reason: `calls a rollout failed while a pod may still start (startupSeconds ${startupSeconds} + minReadySeconds ${minReadySeconds})`,
      fix: `use more than ${start}`,
    };
  }
}

function* resources({ resources }: ResolvedProps): Iterable<Problem> {
  for (const [resource, amount] of Object.entries(resources) as [string, Amount][]) {
    const prop = `resources.${resource}`;
    const request = parseQuantity(amount.request);
    const limit = parseQuantity(amount.limit);
    for (const [end, parsed] of [
      ['request', request],
      ['limit', limit],
    ] as const) {
      if (parsed === undefined || parsed <= 0) {
        yield {
          prop: `${prop}.${end}`,
          value: amount[end],
          reason: 'is not a quantity above zero',
          fix: "write it like '500m' or '512Mi'",
        };
      }
    }
    if (request !== undefined && limit !== undefined && limit < request) {
      yield {
        prop: `${prop}.limit`,
        value: amount.limit,
        reason: `is under the request '${amount.request}'`,
        fix: `use '${amount.request}' or more, or lower the request`,
      };
    }
  }
}

const freeSettings = Object.keys(variables).filter((name) => !Object.hasOwn(managedSettings, name));

function* settings({ settings }: ResolvedProps): Iterable<Problem> {
  for (const [setting, value] of Object.entries(settings)) {
    const prop = `settings.${setting}`;
    const variable = (variables as Record<string, Variable>)[setting];
    if (Object.hasOwn(managedSettings, setting)) {
      // A key in a message would be a key in a log.
      const shown = setting === 'API_KEY' ? '(not shown)' : value;
      yield {
        prop,
        value: shown,
        reason: 'is not set here',
        fix: managedSettings[setting as keyof typeof managedSettings],
      };
    } else if (variable === undefined) {
      yield { prop, value, reason: 'is no variable of the service', fix: `use one of ${freeSettings.join(', ')}` };
    } else if (variable.unit !== undefined && !/^\d+$/.test(value)) {
      yield {
        prop,
        value,
        reason: `is not a whole number of ${variable.unit}`,
        fix: `write it like '${variable.default ?? '1'}'`,
      };
    }
  }
}
