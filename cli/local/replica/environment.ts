import { availableParallelism, hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { image, type VariableName } from '../../../service/contract/index.ts';
import { Failure } from '../../failure.ts';
import type { ConfigMap, Container, EnvVarSource, Secret } from '../../kubernetes.ts';
import type { Workload } from '../manifests/workload.ts';
import { inUnitsOf } from '../manifests/quantity.ts';
import { localPaths } from '../state.ts';

/** What a container may know about its pod. */
export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
}

type Environment = Record<string, string>;

/** The variables of this machine's environment that replicas inherit. The others come from the manifests. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'];

/**
 * Variables whose values differ from those in a cluster. PORT is also set, at each start. There is no delay before
 * draining, since the balancer removes a replica before it is stopped.
 */
const local = { HOST: '127.0.0.1', DRAIN_DELAY_SECONDS: '0' } as const satisfies Partial<Record<VariableName, string>>;

/** Maps a path in the image to the project's folder, which the image is built from. Returns other text unchanged. */
export function localPath(value: string, root: string): string {
  return value === image.workingDir || value.startsWith(`${image.workingDir}/`)
    ? join(root, value.slice(image.workingDir.length))
    : value;
}

/**
 * Returns the environment of a container's process.
 * @throws {Failure} if it refers to an object or key that the manifests lack
 */
export function containerEnvironment(
  container: Container,
  manifests: Workload,
  pod: PodIdentity,
  root: string,
): Environment {
  const env: Environment = {
    HOSTNAME: pod.name,
    MODELS_DIR: image.modelsDir,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? localPaths(root).compileCache,
  };
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const data =
      configMapRef === undefined
        ? secretData(find('Secret', manifests.secrets, secretRef))
        : find('ConfigMap', manifests.configMaps, configMapRef)?.data;
    for (const [name, value] of Object.entries(data ?? {})) env[prefix + name] = text(name, value);
  }
  for (const variable of container.env ?? []) {
    const value =
      variable.valueFrom === undefined
        ? expand(text(variable.name, variable.value ?? ''), env)
        : valueFrom(variable.valueFrom, container, manifests, pod);
    if (value !== undefined) env[variable.name] = value;
  }
  for (const [name, value] of Object.entries(env)) env[name] = localPath(value, root);

  const host = inherited.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  );
  return { ...Object.fromEntries(host), ...env, ...local };
}

/** Expands `$(NAME)` as Kubernetes does in env, command and args: keeps unknown names, and turns `$$` into `$`. */
export function expand(value: string, env: Readonly<Environment>): string {
  return value.replaceAll(/\$(\$|\(([^()]*)\))/g, (whole, escaped: string, name: string) =>
    escaped === '$' ? '$' : (env[name] ?? whole),
  );
}

function valueFrom(
  from: EnvVarSource,
  container: Container,
  manifests: Workload,
  pod: PodIdentity,
): string | undefined {
  if (from.configMapKeyRef)
    return key(find('ConfigMap', manifests.configMaps, from.configMapKeyRef)?.data, 'ConfigMap', from.configMapKeyRef);
  if (from.secretKeyRef)
    return key(secretData(find('Secret', manifests.secrets, from.secretKeyRef)), 'Secret', from.secretKeyRef);
  if (from.resourceFieldRef) return resource(from.resourceFieldRef, container);
  const field = from.fieldRef?.fieldPath ?? '';
  const known: Environment = {
    'metadata.name': pod.name,
    'metadata.namespace': pod.namespace,
    'status.podIP': local.HOST,
    'status.hostIP': local.HOST,
    'spec.nodeName': hostname(),
  };
  if (known[field] !== undefined) return known[field];
  throw new Failure(
    `The local runtime does not support the fieldRef ${field}; it supports ${Object.keys(known).join(', ')}.`,
    {
      hint: 'Run on a cluster instead: `rhizome up --on kind`.',
    },
  );
}

/** Without a limit, Kubernetes returns the node's capacity. */
function resource(
  { resource: path, divisor = '1' }: { resource: string; divisor?: string | number },
  { resources }: Container,
): string {
  const [side, name] = path.split('.', 2) as ['limits' | 'requests', string];
  const machine = { cpu: availableParallelism(), memory: totalmem() }[name] ?? 0;
  const amount = resources?.[side]?.[name] ?? resources?.limits?.[name] ?? (side === 'limits' ? machine : 0);
  return String(inUnitsOf(amount, divisor === '0' ? '1' : divisor));
}

/** A reference to an object by name, or to one of its keys. `name` is optional in the types, not in Kubernetes. */
interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
}

function find<T extends ConfigMap | Secret>(
  kind: string,
  objects: readonly T[],
  ref: Reference | undefined,
): T | undefined {
  const found = objects.find(({ metadata }) => metadata.name === ref?.name);
  if (found !== undefined || ref === undefined || ref.optional === true) return found;
  throw new Failure(`A container refers to the ${kind} ${ref.name ?? ''}, which is not in the manifests.`, {
    hint:
      'Add it in infra/, or mark the reference as optional. ' +
      'On a cluster the pod would wait with CreateContainerConfigError.',
  });
}

function key(
  data: Readonly<Record<string, string>> | undefined,
  kind: string,
  ref: Reference & { readonly key: string },
): string | undefined {
  const value = data?.[ref.key];
  if (value !== undefined || ref.optional === true) return value;
  throw new Failure(`The ${kind} ${ref.name ?? ''} has no key ${ref.key}, which a container refers to.`, {
    hint: 'Correct the key or the reference in infra/.',
  });
}

function secretData(secret: Secret | undefined): Readonly<Record<string, string>> {
  const decoded = Object.entries(secret?.data ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value, 'base64').toString(),
  ]);
  return { ...(Object.fromEntries(decoded) as Environment), ...secret?.stringData };
}

/** An unquoted YAML value may be a number or a boolean, which the API server rejects. */
function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Failure(
    `The environment variable ${name} is the ${typeof value} ${String(value)}; Kubernetes requires a string.`,
    { hint: `Quote it: ${name}: "${String(value)}"` },
  );
}
