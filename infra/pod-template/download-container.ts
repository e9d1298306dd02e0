import type { k8s } from 'cdk8s-plus-27';
import { download, image, privateRanges } from '../../service/contract/index.ts';
import { defaultSizeLimit, downloadOf, modelNameOf } from '../models/downloads.ts';
import type { ModelDownload } from '../models/model-source.ts';
import { credentialsVolume } from '../models/volumes.ts';
import type { Resources } from '../props/prediction-service-props.ts';
import { parseQuantity } from '../props/quantity.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import { variables, volumeMounts } from './extras.ts';
import { containerSecurity } from './security-contexts.ts';

/** Returns resources with room on the disk for what is downloaded. */
export function withDownloads(props: ResolvedProps): Resources {
  const source = downloadOf(props.models);
  if (source === undefined) return props.resources;
  const { request, limit } = props.resources.ephemeralStorage;
  const extra = parseQuantity(source.sizeLimit ?? defaultSizeLimit) ?? 0;
  const more = (quantity: string): string => `${Math.ceil(((parseQuantity(quantity) ?? 0) + extra) / 2 ** 20)}Mi`;
  return { ...props.resources, ephemeralStorage: { request: more(request), limit: more(limit) } };
}

/**
 * Returns the container that downloads the models before the service starts. It runs the service's own image, so that
 * there is no second one to trust and to pull.
 *
 * @param resources those of the service's container, which does not run at the same time
 * @param models where the models folder is mounted
 */
export function downloadContainer(
  props: ResolvedProps,
  source: ModelDownload,
  resources: k8s.ResourceRequirements,
  models: k8s.VolumeMount,
): k8s.Container {
  const names = download.variables;
  const { url, sha256, name = modelNameOf(url), secret, region, privateNetwork, sizeLimit = defaultSizeLimit } = source;
  const { ipv4, ipv6 } = privateRanges;
  const settings: Readonly<Record<string, string | undefined>> = {
    [names.url]: url,
    [names.sha256]: sha256,
    [names.name]: name,
    [names.maxBytes]: String(Math.floor(parseQuantity(sizeLimit) ?? 0)),
    [names.allowedAddresses]: privateNetwork === true ? [...ipv4, ...ipv6].join(',') : undefined,
    [names.region]: region,
    [names.credentialsDir]: secret === undefined ? undefined : download.credentialsDir,
  };
  return {
    /**
     * The container that downloads the models before the service starts.
     *
     * @explains PodSpec.initContainers[name=download-models].name
     * @explains PodSpec.initContainers[name=download-models].command
     * @without The service finds no models, and no pod becomes ready.
     * @setBy models
     */
    name: 'download-models',
    image: props.image,
    imagePullPolicy: props.imagePullPolicy,
    command: ['node', `${image.workingDir}/${download.program}`],
    /**
     * What is downloaded, from where, and the most bytes that it may have.
     *
     * @explains PodSpec.initContainers[name=download-models].env[].**
     * @without The download does not know what to get, and no pod starts.
     * @setBy models
     */
    env: [
      ...Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [{ name: key, value }])),
      ...variables(props.env),
    ],
    resources,
    securityContext: containerSecurity,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      models,
      ...(secret === undefined
        ? []
        : [{ name: credentialsVolume, mountPath: download.credentialsDir, readOnly: true }]),
      // For a certificate authority of your own, which NODE_EXTRA_CA_CERTS names.
      ...volumeMounts(props.volumes),
    ],
  };
}
