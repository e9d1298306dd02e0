import { posix } from 'node:path';
import { download, httpUrl, image as imageLayout } from '../../../service/contract/index.ts';
import { isAtLeast } from '../../kubernetes-schemas/versions.ts';
import { defaultSizeLimit, modelNameOf } from '../../models/downloads.ts';
import { credentialsVolume, modelsVolume } from '../../models/volumes.ts';
import type { ModelClaim, ModelConfigMap, ModelDownload, ModelImage, ModelSource } from '../../models/model-source.ts';
import { mapEntries, mostBytes, sizeOf } from '../../models/models-map.ts';
import { parseImageReference } from '../image-reference.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import { requireVersion } from '../kubernetes-version.ts';
import { parseQuantity } from '../quantity.ts';
import type { ResolvedProps } from '../resolved-props.ts';
import { checkObjectNames } from './names.ts';
import { checkPort } from './numbers.ts';
import { findMistypedProps, type PropTypes } from './types.ts';

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const image: PropTypes<ModelImage> = { image: 'text', pullPolicy: pullPolicies, featureGate: 'true or false' };
const claim: PropTypes<ModelClaim> = { claim: 'text', path: 'text' };
const url: PropTypes<ModelDownload> = {
  url: 'text',
  sha256: 'text',
  name: 'text',
  secret: 'text',
  region: 'text',
  privateNetwork: 'true or false',
  podPort: 'number',
  sizeLimit: 'text',
};
const configMap: PropTypes<ModelConfigMap> = { configMap: 'text' };

/** The props of each source, by the one that it is recognized by. */
const sources = { image, claim, url, configMap };

/** Checks where the models come from, if they are not in the image. */
export function* checkModels(props: ResolvedProps): Generator<InvalidProp> {
  const { models } = props;
  if (models === undefined) return;
  const kinds = Object.keys(sources).filter((kind) => Object.hasOwn(models, kind)) as (keyof typeof sources)[];
  const [kind, ...others] = kinds;
  if (kind === undefined || others.length > 0) {
    const fix = "Use one of image, claim, url and configMap, such as { claim: 'models' }.";
    yield { prop: 'models', value: models, reason: `has ${kind === undefined ? 'no source' : 'several sources'}`, fix };
    return;
  }
  const required = kind === 'url' ? ['url', 'sha256'] : [kind];
  const mistyped = findMistypedProps(models, sources[kind], required);
  yield* mistyped.map((each) => ({ ...each, prop: `models.${each.prop}` }));
  if (mistyped.length > 0) return;
  yield* checkSource(models, props);
  yield* checkVolumes(props);
}

function checkSource(models: ModelSource, props: ResolvedProps): Generator<InvalidProp> {
  if ('image' in models) return checkImage(models, props);
  if ('claim' in models) return checkClaim(models);
  return 'url' in models ? checkDownload(models) : checkConfigMap(models);
}

function* checkImage(models: ModelImage, props: ResolvedProps): Generator<InvalidProp> {
  const { image: reference, featureGate = false } = models;
  const parsed = parseImageReference(reference);
  if (parsed === undefined || (parsed.digest === undefined && (parsed.tag ?? 'latest') === 'latest')) {
    const reason =
      parsed === undefined
        ? 'is not a valid image reference'
        : 'names neither a version nor a digest, so it can change';
    const fix = 'Use the reference that `rhizome push-model` prints.';
    yield { prop: 'models.image', value: reference, reason, fix };
  }
  // The volume exists since 1.31, behind a feature gate that is on by default since 1.35.
  yield* requireVersion(props, featureGate ? '1.31' : '1.35', 'models.image', reference);
  if (!featureGate || !isAtLeast(props.kubernetesVersion, '1.35')) return;
  const fix = 'Leave it out.';
  yield { prop: 'models.featureGate', value: featureGate, reason: 'has no effect from Kubernetes 1.35 on', fix };
}

function* checkClaim({ claim: name, path }: ModelClaim): Generator<InvalidProp> {
  yield* checkObjectNames({ 'models.claim': name });
  if (path === undefined || (posix.normalize(path) === path && !/^$|^\/|\/$|^\.\.?(\/|$)/.test(path))) return;
  const fix = "Use a path in the volume, such as 'releases/2026-11-29'.";
  yield { prop: 'models.path', value: path, reason: 'is not a path below the root of the volume', fix };
}

function* checkDownload(models: ModelDownload): Generator<InvalidProp> {
  const { url: text, sha256, name, secret, podPort, privateNetwork = false, sizeLimit = defaultSizeLimit } = models;
  const parsed = httpUrl(text);
  if (parsed === undefined) {
    const fix = "Use an http or https URL, such as 'https://BUCKET.s3.REGION.amazonaws.com/KEY'.";
    yield { prop: 'models.url', value: text, reason: 'is not an http or https URL', fix };
  } else if (/[@?#]/.test(text)) {
    const fix =
      "Put a user's token into the entry token of a Secret, or what follows the question mark of a presigned URL " +
      'into its entry query, and set models.secret to its name.';
    yield { prop: 'models.url', value: '(hidden)', reason: 'has a user, a query or a fragment', fix };
  } else if (parsed.protocol === 'http:' && secret !== undefined && !privateNetwork) {
    const fix = 'Use https, or set models.privateNetwork if the host is in your own network.';
    yield { prop: 'models.url', value: text, reason: 'would send the credentials unencrypted', fix };
  } else if (!download.patterns.name.test(name ?? modelNameOf(text))) {
    const fix = "Use letters, digits, dashes, dots and underscores, such as 'iris'.";
    yield { prop: 'models.name', value: name, reason: `is not the name of a model, nor is that in the URL`, fix };
  }
  if (!download.patterns.sha256.test(sha256)) {
    const fix = 'Use the 64 lower-case hexadecimal digits that `sha256sum FILE` prints.';
    yield { prop: 'models.sha256', value: sha256, reason: 'is not a SHA-256', fix };
  }
  yield* checkObjectNames({ 'models.secret': secret });
  yield* checkPort('models.podPort', podPort);
  if ((parseQuantity(sizeLimit) ?? 0) < 1) {
    const fix = "Use bytes with a suffix, such as '2Gi'.";
    yield { prop: 'models.sizeLimit', value: sizeLimit, reason: 'is not a quantity above zero', fix };
  }
}

function* checkConfigMap({ configMap: folder }: ModelConfigMap): Generator<InvalidProp> {
  const entries = mapEntries(folder);
  const prop = 'models.configMap';
  const size = sizeOf(entries);
  if (entries.length === 0) {
    const fix = "Use the path of a folder such as 'models' or 'models/iris'; it must contain a model.onnx.";
    yield { prop, value: folder, reason: 'is not a folder with models', fix };
  } else if (size > mostBytes) {
    const fix = 'Use models.image, models.url or models.claim.';
    yield { prop, value: folder, reason: `has ${size} bytes, more than the ${mostBytes} of a ConfigMap`, fix };
  } else if (new Set(entries.map(({ key }) => key)).size < entries.length) {
    const fix = 'Rename one of them.';
    yield { prop, value: folder, reason: 'has two files that would be the same entry of a ConfigMap', fix };
  }
}

/** A volume of another prop cannot be at the same place. */
function* checkVolumes({ volumes }: ResolvedProps): Generator<InvalidProp> {
  for (const [name, volume] of Object.entries(volumes)) {
    const path = (volume as { readonly mountPath?: unknown } | undefined)?.mountPath;
    const isBelow = typeof path === 'string' && `${path}/`.startsWith(`${imageLayout.modelsDir}/`);
    if (!isBelow && name !== modelsVolume && name !== credentialsVolume) continue;
    const fix = 'Use another name and path, or leave out `models`.';
    yield { prop: `volumes.${name}`, value: volume, reason: 'is in the place of the volume of `models`', fix };
  }
}
