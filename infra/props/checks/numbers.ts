import { expectedValue, minimumGraceSeconds, type VariableName } from '../../../service/contract/index.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { ResolvedProps } from '../resolved-props.ts';

/** The highest number that Kubernetes can store in most fields. */
export const int32 = 2 ** 31 - 1;

interface WholeNumber {
  readonly minimum: number;
  /** What it counts. */
  readonly unit: string;
  /** The service's variable that gets the value, which may have a maximum. */
  readonly variable?: VariableName;
}

/** The props that are whole numbers. */
const wholeNumbers = {
  replicas: { minimum: 0, unit: 'replicas' },
  drainDelaySeconds: { minimum: 0, unit: 'seconds', variable: 'DRAIN_DELAY_SECONDS' },
  requestTimeoutSeconds: { minimum: 1, unit: 'seconds', variable: 'REQUEST_TIMEOUT_SECONDS' },
  gracePeriodSeconds: { minimum: 1, unit: 'seconds', variable: 'GRACE_PERIOD_SECONDS' },
  startupSeconds: { minimum: 1, unit: 'seconds' },
  minReadySeconds: { minimum: 0, unit: 'seconds' },
  progressDeadlineSeconds: { minimum: 1, unit: 'seconds' },
  revisionHistoryLimit: { minimum: 0, unit: 'revisions' },
  lostNodeSeconds: { minimum: 0, unit: 'seconds' },
} as const satisfies Partial<Record<keyof ResolvedProps, WholeNumber>>;

/** Checks numbers of pods, seconds and ports. */
export function* checkNumbers(props: ResolvedProps): Generator<InvalidProp> {
  for (const prop of Object.keys(wholeNumbers) as (keyof typeof wholeNumbers)[]) {
    const value = props[prop];
    const { minimum, unit, variable }: WholeNumber = wholeNumbers[prop];
    if (Number.isInteger(value) && value >= minimum) {
      const bound = `a whole number from ${minimum} to ${int32} (${unit})`;
      const expected = value > int32 ? bound : variable && expectedValue(variable, String(value));
      if (expected !== undefined) yield { prop, value, reason: 'is too high', fix: `Use ${expected}.` };
      continue;
    }
    const reason = Number.isInteger(value) ? 'is too low' : 'is not a whole number';
    yield { prop, value, reason, fix: `Use a whole number of ${unit}, ${minimum} or more.` };
  }
  yield* checkNodePorts(props);
}

const highestPort = 65535;
const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= highestPort;

/** Checks an optional port of TCP, by the path of its prop. */
export function* checkPort(prop: string, value: number | undefined): Generator<InvalidProp> {
  if (value === undefined || isPort(value)) return;
  yield { prop, value, reason: 'is not a port', fix: `Use a whole number from 1 to ${highestPort}.` };
}

/** Any other range of node ports is that of a cluster whose API server has `--service-node-port-range`. */
function* checkNodePorts({ nodePort, grpcNodePort, nodePortRange: range }: ResolvedProps): Generator<InvalidProp> {
  const [from, to, ...more] = range as readonly [number, number, ...unknown[]];
  if (more.length > 0 || !isPort(from) || !isPort(to) || from > to) {
    const fix = `Use the lowest and the highest port of the cluster, such as [20000, 22767]; at most ${highestPort}.`;
    yield { prop: 'nodePortRange', value: range, reason: 'is not a range of ports', fix };
    return;
  }
  for (const [prop, value] of Object.entries({ nodePort, grpcNodePort })) {
    if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) continue;
    const fix = `Use a whole number from ${from} to ${to}, or set nodePortRange if the cluster has another range.`;
    yield { prop, value, reason: 'is not a valid node port', fix };
  }
  if (grpcNodePort === undefined) return;
  const problem =
    nodePort === undefined
      ? { reason: 'needs nodePort: each port of a Service of type NodePort gets one', fix: 'Set nodePort too.' }
      : nodePort === grpcNodePort
        ? { reason: 'is also the value of nodePort', fix: 'Use another port.' }
        : undefined;
  if (problem) yield { prop: 'grpcNodePort', value: grpcNodePort, ...problem };
}

/** Checks that the times leave room for each other. */
export function* checkTimes(props: ResolvedProps): Generator<InvalidProp> {
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
