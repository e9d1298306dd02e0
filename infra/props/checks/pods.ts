import { apiKeyMount, image, telemetryMounts, variables } from '../../../service/contract/index.ts';
import { isAnnotationKey, isLabelValue, isNamespaceName, isObjectName } from '../../metadata/names.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { ResolvedProps } from '../resolved-props.ts';
import { managedSettings } from '../settings.ts';

const managed = { ...managedSettings, NODE_OPTIONS: 'Leave it out: the heap follows resources.memory.limit.' };

/** Checks labels and annotations, and the variables and volumes that are not the service's own. */
export function* checkPods(props: ResolvedProps): Generator<InvalidProp> {
  const { nodeSelector, podLabels, podAnnotations } = props;
  for (const [prop, entries] of Object.entries({ nodeSelector, podLabels, podAnnotations })) {
    for (const [key, value] of Object.entries(entries as Readonly<Record<string, unknown>>))
      yield* checkLabel(prop, key, value);
  }
  for (const [name, value] of Object.entries(props.env)) yield* checkVariable(name, value);
  yield* checkVolumes(props.volumes);
}

function* checkLabel(prop: string, key: string, value: unknown): Generator<InvalidProp> {
  const path = `${prop}.${key}`;
  if (!isAnnotationKey(key)) {
    const fix = "Use letters, digits, dashes, dots and underscores, such as 'example.com/team'; at most 63 characters.";
    yield { prop: path, value, reason: 'has a key that is not valid in Kubernetes', fix };
  } else if (typeof value !== 'string') {
    yield { prop: path, value, reason: 'is not a string', fix: `Write it in quotes: '${String(value)}'.` };
  } else if (prop !== 'podAnnotations' && !isLabelValue(value)) {
    const fix = 'Use letters, digits, dashes, dots and underscores; at most 63 characters.';
    yield { prop: path, value, reason: 'is not a valid value of a label', fix };
  } else if (prop === 'podLabels' && (key.startsWith('app.kubernetes.io/') || key === 'pod-template-hash')) {
    yield { prop: path, value, reason: 'is a label that the service sets', fix: 'Use another key.' };
  }
}

function* checkVariable(name: string, value: unknown): Generator<InvalidProp> {
  const prop = `env.${name}`;
  const isSecret = /key|secret|token|password/i.test(name);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const fix = 'Use letters, digits and underscores, starting with a letter.';
    yield { prop, value: '(hidden)', reason: 'is not a variable that a shell can set', fix };
  } else if (Object.hasOwn(managed, name)) {
    const fix = managed[name as keyof typeof managed];
    yield { prop, value: '(hidden)', reason: 'sets a variable that is not allowed in env', fix };
  } else if (typeof value === 'string') {
    if (isSecret) {
      const fix = "Put it into a Secret, and refer to it: { secret: 'NAME', key: 'ENTRY' }.";
      yield { prop, value: '(hidden)', reason: 'would be readable in the manifests', fix };
    } else if (Object.hasOwn(variables, name))
      yield { prop, value, reason: 'is a variable of the service', fix: 'Use the prop settings, which checks it.' };
  } else {
    const { secret, configMap, key, ...others } = (value ?? {}) as Readonly<Record<string, unknown>>;
    const names = [secret, configMap].filter((one) => one !== undefined);
    const [object] = names;
    if (
      names.length === 1 &&
      typeof object === 'string' &&
      isObjectName(object) &&
      typeof key === 'string' &&
      /^[-._a-zA-Z0-9]+$/.test(key) &&
      Object.keys(others).length === 0
    )
      return;
    const fix = "Use a text, { secret: 'NAME', key: 'ENTRY' } or { configMap: 'NAME', key: 'ENTRY' }.";
    yield { prop, value: isSecret ? '(hidden)' : value, reason: 'is neither a text nor an entry', fix };
  }
}

/** What is mounted in each pod. */
const ownVolumes = ['tmp', 'api-key', ...Object.keys(telemetryMounts)];
const ownPaths = ['/tmp', apiKeyMount.dir, ...Object.values(telemetryMounts).map(({ dir }) => dir), image.workingDir];

function* checkVolumes(volumes: ResolvedProps['volumes']): Generator<InvalidProp> {
  const paths = new Map<string, string>();
  for (const [name, volume] of Object.entries(volumes as Readonly<Record<string, unknown>>)) {
    const prop = `volumes.${name}`;
    if (!isNamespaceName(name) || ownVolumes.includes(name)) {
      const fix = 'Use lower-case letters, digits and dashes, such as certificates.';
      const reason = ownVolumes.includes(name)
        ? 'has the name of a volume that each pod has'
        : 'has a name that is not valid in Kubernetes';
      yield { prop, value: volume, reason, fix };
    }
    const { mountPath, secret, configMap, claim, ...others } = (volume ?? {}) as Readonly<Record<string, unknown>>;
    const sources = [secret, configMap, claim].filter((source) => source !== undefined);
    const [source] = sources;
    if (sources.length !== 1 || typeof source !== 'string' || !isObjectName(source) || Object.keys(others).length > 0) {
      const fix = "Use one of secret, configMap and claim, with the name of an object, and mountPath: '/etc/own'.";
      yield { prop, value: volume, reason: 'does not have exactly one source', fix };
    }
    const path = typeof mountPath === 'string' ? mountPath.replace(/(?<=.)\/+$/, '') : '';
    const taken = paths.get(path) ?? ownPaths.find((own) => path === own || own.startsWith(`${path}/`) || path === '/');
    if (!/^\/[^:]*$/.test(path) || path.split('/').includes('..')) {
      const fix = "Use an absolute path without colons, such as '/etc/own'.";
      yield { prop: `${prop}.mountPath`, value: mountPath, reason: 'is not a path to mount at', fix };
    } else if (taken !== undefined) {
      const reason = `would hide ${taken}, which ${paths.has(path) ? 'is another volume' : 'the service needs'}`;
      yield { prop: `${prop}.mountPath`, value: mountPath, reason, fix: "Use another path, such as '/etc/own'." };
    }
    paths.set(path, prop);
  }
}
