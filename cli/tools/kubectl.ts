/** Argument lists for `kubectl`. Pure: `exec` runs them. Every one names its context: the current one is the user's own. */

export interface Scope {
  readonly context: string;
  readonly namespace: string;
}

export const kubectl = ({ context, namespace }: Scope, ...args: readonly string[]): string[] => [
  'kubectl',
  '--context',
  context,
  '--namespace',
  namespace,
  ...args,
];

/** The names of the contexts, a line each. */
export const kubectlContexts = (): string[] => ['kubectl', 'config', 'get-contexts', '--output', 'name'];

export const kubectlVersion = (): string[] => ['kubectl', 'version', '--client'];

/** Server-side, by one field manager: what somebody else set on other fields stays, what the manifests set wins. */
export const kubectlApply = (context: string, file: string): string[] => [
  'kubectl',
  '--context',
  context,
  'apply',
  '--server-side',
  '--force-conflicts',
  '--field-manager=rhizome',
  '-f',
  file,
];

/** Exits with 0 where an apply would change nothing, with 1 where it would, or cannot tell. */
export const kubectlDiff = (context: string, file: string): string[] => [
  'kubectl',
  '--context',
  context,
  'diff',
  '--server-side',
  '--force-conflicts',
  '--field-manager=rhizome',
  '-f',
  file,
];

export const kubectlGet = (scope: Scope, kinds: readonly string[], ...args: readonly string[]): string[] =>
  kubectl(scope, 'get', kinds.join(','), ...args);

/** A path of the API server, as it answers. */
export const kubectlRaw = (context: string, path: string): string[] => [
  'kubectl',
  '--context',
  context,
  'get',
  '--raw',
  path,
];

/** @param fields as `reason=Unhealthy` or `involvedObject.name=NAME` */
export const kubectlEvents = (scope: Scope, fields: string): string[] =>
  kubectl(scope, 'get', 'events', '--field-selector', fields, '--sort-by', '.lastTimestamp', '--output', 'json');

export function kubectlLogs(
  scope: Scope,
  pod: string,
  options: { follow?: boolean; previous?: boolean; tail?: number } = {},
): string[] {
  return kubectl(
    scope,
    'logs',
    pod,
    ...(options.follow === true ? ['--follow'] : []),
    ...(options.previous === true ? ['--previous'] : []),
    ...(options.tail === undefined ? [] : [`--tail=${String(options.tail)}`]),
  );
}

/** Waits until the objects, and what they own, are gone. Missing ones are no error. */
export const kubectlDelete = (scope: Scope, ...objects: readonly string[]): string[] =>
  kubectl(scope, 'delete', '--ignore-not-found', '--cascade=foreground', ...objects);

export const kubectlForward = (scope: Scope, service: string, port: number, servicePort: number): string[] =>
  kubectl(scope, 'port-forward', `service/${service}`, `${String(port)}:${String(servicePort)}`);

export const kubectlServerVersion = ({ context }: Scope): string[] => [
  'kubectl',
  '--context',
  context,
  'version',
  '--output',
  'json',
];

/** A line each: name, short names, apiVersion, whether in a namespace, kind. */
export const kubectlApiResources = ({ context }: Scope): string[] => [
  'kubectl',
  '--context',
  context,
  'api-resources',
  '--no-headers',
];

/** Prints yes or no, and exits 1 for no. */
export const kubectlCanI = (scope: Scope, verb: string, resource: string): string[] =>
  kubectl(scope, 'auth', 'can-i', verb, resource);
