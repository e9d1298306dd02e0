import { headlessName, isNamespaceName, isObjectName, isServiceName, longestName } from '../../metadata/names.ts';
import { parseImageReference } from '../image-reference.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { ResolvedProps } from '../resolved-props.ts';
import { checkReason } from './reasons.ts';

const reason = 'is not a valid name in Kubernetes';

/** Checks the names of objects. */
export function* checkNames({
  name,
  namespace,
  grpc,
  apiKeySecret,
  priorityClassName,
  imagePullSecrets,
}: ResolvedProps): Generator<InvalidProp> {
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
  yield* checkObjectNames({ apiKeySecret, priorityClassName, ...prefixed('imagePullSecrets', imagePullSecrets) });
}

/** Checks names of other objects, by the props that have them. */
export function* checkObjectNames(names: Readonly<Record<string, string | undefined>>): Generator<InvalidProp> {
  for (const [prop, value] of Object.entries(names)) {
    if (value === undefined || isObjectName(value)) continue;
    yield { prop, value, reason, fix: 'Use lower-case letters, digits, dashes and dots; at most 253 characters.' };
  }
}

/** Returns the elements of a list by their paths: `imagePullSecrets.0`. */
const prefixed = (prop: string, values: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(values.map((value, index) => [`${prop}.${index}`, value]));

/** Checks that the image has a version, and a digest if it must have one. */
export function* checkImage({ image, requireDigest, unpinnedImage }: ResolvedProps): Generator<InvalidProp> {
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
  } else if (reference.digest === undefined && requireDigest && unpinnedImage === undefined) {
    yield {
      prop: 'image',
      value: image,
      reason: 'has no digest, and its tag can move: pods that start later could run another image',
      fix:
        'Push it with `rhizome build --push`, which records the digest in infra/images.json, add the digest ' +
        "('@sha256:…'), or say why it has none: unpinnedImage: '…'.",
    };
  }
  yield* checkReason('unpinnedImage', unpinnedImage);
}
