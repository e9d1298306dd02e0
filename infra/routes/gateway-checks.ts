import { isNamespaceName, isObjectName } from '../metadata/names.ts';
import type { PropTypes } from '../props/checks/types.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';
import { checkAdmission } from './admission.ts';
import type { GatewayRoutesProps, ParentRef } from './gateway-props.ts';
import { checkHostnames, overlap } from './hostnames.ts';

/** The type of each prop, for `findMistypedProps`. */
export const gatewayRoutesTypes: PropTypes<GatewayRoutesProps> = {
  service: 'object',
  parentRefs: 'list',
  hostnames: 'list of texts',
  pathPrefix: 'text',
  timeoutSeconds: 'number',
  retries: { attempts: 'number', codes: 'list' },
  grpc: { hostnames: 'list of texts', parentRefs: 'list' },
  admitFrom: 'list',
};

/** The longest time that the Gateway API can express in seconds: five digits. */
const longestSeconds = 99_999;

/** Segments that a gateway resolves, such as `..`, would match nothing. */
const path = /^\/$|^(\/(?!\.{1,2}(\/|$))[\w.~-]+)+$/;

/** Checks the props that GatewayRoutes has. */
export function* findInvalidRoutes(props: GatewayRoutesProps): Generator<InvalidProp> {
  const { service, parentRefs, hostnames, pathPrefix = '/', grpc } = props;
  yield* checkParents('parentRefs', parentRefs);
  yield* checkHosts('hostnames', hostnames);
  if (!path.test(pathPrefix)) {
    const fix = "Use a path without a slash at its end, such as '/iris'.";
    yield { prop: 'pathPrefix', value: pathPrefix, reason: 'is not a path', fix };
  }
  yield* checkTimes(props);
  if (grpc) {
    yield* checkParents('grpc.parentRefs', grpc.parentRefs);
    yield* checkHosts('grpc.hostnames', grpc.hostnames);
    yield* checkGrpc(props, grpc);
  }
  yield* checkAdmission(service, props);
}

function* checkTimes({ service, timeoutSeconds, retries }: GatewayRoutesProps): Generator<InvalidProp> {
  const { requestTimeoutSeconds } = service.resolved;
  if (retries) yield* checkRetries(retries);
  const attempts = 1 + (Number.isInteger(retries?.attempts) ? (retries?.attempts ?? 0) : 0);
  const value = timeoutSeconds;
  if (value === undefined) return;
  const most = Math.floor(longestSeconds / attempts);
  if (!Number.isInteger(value) || value > most) {
    const fix = `Use a whole number of seconds, at most ${most}.`;
    yield { prop: 'timeoutSeconds', value, reason: 'is not a timeout that a route can have', fix };
  } else if (value <= requestTimeoutSeconds) {
    yield {
      prop: 'timeoutSeconds',
      value,
      reason: 'is too short: the gateway would give up while the service may still respond',
      fix: `Use more than ${requestTimeoutSeconds} (requestTimeoutSeconds of the service), or lower that.`,
    };
  }
}

function* checkRetries({ attempts, codes = [] }: NonNullable<GatewayRoutesProps['retries']>): Generator<InvalidProp> {
  if (!(Number.isInteger(attempts) && attempts >= 1 && attempts <= 5)) {
    const fix = 'Use a whole number from 1 to 5: each attempt is more load for a service that may have too much.';
    yield { prop: 'retries.attempts', value: attempts, reason: 'is not a valid number of attempts', fix };
  }
  const wrong = codes.find((code) => !(Number.isInteger(code) && code >= 500 && code <= 599));
  if (wrong === undefined && new Set(codes).size === codes.length) return;
  const fix = 'Use different statuses from 500 to 599. Requests that the service rejects with others fail again.';
  yield { prop: 'retries.codes', value: codes, reason: 'are not statuses to repeat a request for', fix };
}

function* checkHosts(prop: string, hostnames: readonly string[] | undefined): Generator<InvalidProp> {
  if (hostnames?.length === 0)
    yield { prop, value: hostnames, reason: 'names no host', fix: 'Name one, or leave it out.' };
  yield* checkHostnames(prop, hostnames ?? []);
}

function* checkParents(prop: string, parents: readonly unknown[] | undefined): Generator<InvalidProp> {
  if (parents?.length === 0)
    yield { prop, value: parents, reason: 'names no Gateway', fix: "Name at least one: [{ name: 'shared' }]." };
  for (const [index, parent] of (parents ?? []).entries()) {
    const { name, namespace, sectionName, port } = (parent ?? {}) as Partial<ParentRef>;
    const names = { name: name ?? '', sectionName };
    const valid =
      Object.values(names).every((value) => value === undefined || isObjectName(value)) &&
      (namespace === undefined || isNamespaceName(namespace)) &&
      (port === undefined || (Number.isInteger(port) && port >= 1 && port <= 65_535));
    if (valid) continue;
    const fix = 'Use the name of the Gateway, and its namespace, listener (sectionName) or port.';
    yield { prop: `${prop}.${index}`, value: parent, reason: 'is not a Gateway or a listener', fix };
  }
}

/** Checks that no listener gets both routes for the same host, of which it may accept one only. */
function* checkGrpc(
  { service, parentRefs, hostnames = ['*'] }: GatewayRoutesProps,
  grpc: NonNullable<GatewayRoutesProps['grpc']>,
): Generator<InvalidProp> {
  if (!service.resolved.grpc) {
    const fix = 'Set grpc of the service to true, or leave this out.';
    yield { prop: 'grpc', value: grpc, reason: 'routes to a port that the service does not have', fix };
    return;
  }
  const { hostnames: hosts = hostnames, parentRefs: parents = parentRefs } = grpc;
  const sameHost = hosts.some((host) =>
    hostnames.some((other) => other === '*' || host === '*' || overlap(host, other)),
  );
  const sameListener = parents.some((parent) => parentRefs.some((other) => sharesListener(parent, other)));
  if (!sameHost || !sameListener) return;
  yield {
    prop: 'grpc',
    value: grpc,
    reason: 'is for the same host and listener as HTTP, for which a gateway accepts only one kind of route',
    fix: "Use another host, such as hostnames: ['grpc.iris.example.com'], or another listener in parentRefs.",
  };
}

const sharesListener = (one: ParentRef, other: ParentRef): boolean =>
  one.name === other.name &&
  one.namespace === other.namespace &&
  (['sectionName', 'port'] as const).every(
    (field) => one[field] === undefined || other[field] === undefined || one[field] === other[field],
  );
