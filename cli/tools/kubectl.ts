/** Argument lists for `kubectl`. Pure functions: `exec` runs them. None uses the current context. */

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

/** Prints the names of the contexts, one per line. */
export const kubectlContexts = (): string[] => ['kubectl', 'config', 'get-contexts', '--output', 'name'];

export const kubectlVersion = (): string[] => ['kubectl', 'version', '--client'];

/** The field manager of everything that `up` applies. */
export const fieldManager = 'rhizome';

/** Applies server-side with a field manager: the manifests win, and fields that others set stay. */
export const kubectlApply = (context: string, file: string, manager: string = fieldManager): string[] => [
  'kubectl',
  '--context',
  context,
  'apply',
  '--server-side',
  '--force-conflicts',
  `--field-manager=${manager}`,
  '-f',
  file,
];

/** Exits with 0 if an apply would change nothing, otherwise with 1 or more. */
export const kubectlDiff = (context: string, file: string): string[] => [
  'kubectl',
  '--context',
  context,
  'diff',
  '--server-side',
  '--force-conflicts',
  `--field-manager=${fieldManager}`,
  '-f',
  file,
];

export const kubectlGet = (scope: Scope, kinds: readonly string[], ...args: readonly string[]): string[] =>
  kubectl(scope, 'get', kinds.join(','), ...args);

export const kubectlCreateNamespace = ({ context, namespace }: Scope): string[] => [
  'kubectl',
  '--context',
  context,
  'create',
  'namespace',
  namespace,
];

export const kubectlLabel = (scope: Scope, object: string, labels: Readonly<Record<string, string>>): string[] =>
  kubectl(scope, 'label', object, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`));

/** Prints the API server's response for a path. */
export const kubectlRaw = (context: string, path: string): string[] => [
  'kubectl',
  '--context',
  context,
  'get',
  '--raw',
  path,
];

/** @param fields a field selector such as `reason=Unhealthy` or `involvedObject.name=NAME` */
export const kubectlEvents = (scope: Scope, fields: string): string[] =>
  kubectl(scope, 'get', 'events', '--field-selector', fields, '--sort-by', '.lastTimestamp', '--output', 'json');

/** Prints each event of a namespace from now on, as one line `{"type", "object"}`, until it is stopped. */
export const kubectlWatchEvents = (scope: Scope): string[] =>
  kubectl(scope, 'get', 'events', '--watch-only', '--output-watch-events', '--output', 'json');

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

/** Deletes objects, and waits until they and the objects that they own are gone. Ignores missing ones. */
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

/** Prints one line per resource: name, short names, apiVersion, whether it is namespaced, kind. */
export const kubectlApiResources = ({ context }: Scope): string[] => [
  'kubectl',
  '--context',
  context,
  'api-resources',
  '--no-headers',
];

/** Prints the kinds whose objects are in namespaces and can be deleted, such as `scaledobjects.keda.sh`. */
export const kubectlNamespacedKinds = (scope: Scope): string[] => [
  ...kubectlApiResources(scope),
  '--namespaced',
  '--verbs=list,delete',
  '--output=name',
];

/** Prints yes or no; exits with 1 for no. */
export const kubectlCanI = (scope: Scope, verb: string, resource: string): string[] =>
  kubectl(scope, 'auth', 'can-i', verb, resource);
