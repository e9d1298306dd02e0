import { availableParallelism, hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { image, type VariableName } from '../../../service/contract/index.ts';
import { Failure } from '../../failure.ts';
import type { ConfigMap, Container, EnvVarSource, Secret } from '../../kubernetes.ts';
import type { Workload } from '../manifests/workload.ts';
import { inUnitsOf } from '../manifests/quantity.ts';
import { localPaths } from '../state.ts';

/** What a container may learn of its pod. */
export interface Pod {
  readonly name: string;
  readonly namespace: string;
}

type Environment = Record<string, string>;

/** Of this machine's environment a replica gets what programs need to run at all; the rest comes from the manifests. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'];

/**
 * Variables that mean something else on this machine than in a cluster. PORT is set too, with each start.
 * The balancer withdraws a replica before it is told to stop, so that waiting for that would be time lost.
 */
const local = { HOST: '127.0.0.1', DRAIN_DELAY_SECONDS: '0' } as const satisfies Partial<Record<VariableName, string>>;

/** A path of the image as one of the project's folder, which is what the image's is made from; other text as it came. */
export function localPath(value: string, root: string): string {
  return value === image.workingDir || value.startsWith(`${image.workingDir}/`)
    ? join(root, value.slice(image.workingDir.length))
    : value;
}

/**
 * The environment of a container's process.
 * @throws Failure when it refers to what the manifests do not hold
 */
export function containerEnvironment(container: Container, manifests: Workload, pod: Pod, root: string): Environment {
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
        : referred(variable.valueFrom, container, manifests, pod);
    if (value !== undefined) env[variable.name] = value;
  }
  for (const [name, value] of Object.entries(env)) env[name] = localPath(value, root);

  const host = inherited.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  );
  return { ...Object.fromEntries(host), ...env, ...local };
}

/** Replaces `$(NAME)` as Kubernetes does in env, command and args: an unknown name stays, and `$$` stands for `$`. */
export function expand(value: string, env: Readonly<Environment>): string {
  return value.replaceAll(/\$(\$|\(([^()]*)\))/g, (whole, escaped: string, name: string) =>
    escaped === '$' ? '$' : (env[name] ?? whole),
  );
}

function referred(from: EnvVarSource, container: Container, manifests: Workload, pod: Pod): string | undefined {
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
    `The local engine cannot tell a container its ${field || 'field'}; it knows ${Object.keys(known).join(', ')}.`,
    {
      hint: 'Run it on a cluster: `rhizome up --on kind`.',
    },
  );
}

/** Without a limit Kubernetes gives what the node has. */
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
  throw new Failure(`A container refers to the ${kind} ${ref.name ?? ''}, which the manifests do not hold.`, {
    hint: `Add it in infra/, or mark the reference as optional. On a cluster the pod would wait: CreateContainerConfigError.`,
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
    hint: 'Correct one of them in infra/.',
  });
}

function secretData(secret: Secret | undefined): Readonly<Record<string, string>> {
  const decoded = Object.entries(secret?.data ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value, 'base64').toString(),
  ]);
  return { ...(Object.fromEntries(decoded) as Environment), ...secret?.stringData };
}

/** YAML makes a number or a boolean of a value without quotes, and the API server then refuses the object. */
function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Failure(
    `The environment variable ${name} is the ${typeof value} ${String(value)}; Kubernetes wants text.`,
    { hint: `Quote it: ${name}: "${String(value)}"` },
  );
}
