import { isAnnotationKey, isLabelValue } from '../../metadata/names.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import { cudaPlatform, type ResolvedProps } from '../resolved-props.ts';

const architecture = 'kubernetes.io/arch';

/** Checks which nodes the pods need: their platform, and their GPU. */
export function* checkHardware(props: ResolvedProps): Generator<InvalidProp> {
  const { accelerator, nodeSelector, platforms } = props;
  for (const [index, platform] of platforms.entries()) {
    if (/^linux\/[a-z\d]+(\/v\d+)?$/.test(platform)) continue;
    const fix = 'Use the platforms that the image was built for, such as linux/amd64 and linux/arm64.';
    yield { prop: `platforms.${index}`, value: platform, reason: 'is not a platform of an image for Linux', fix };
  }
  const selected = nodeSelector[architecture];
  if (selected !== undefined && platforms.length > 0 && !architectures(props).includes(selected)) {
    const fix = `Remove ${architecture} from nodeSelector, or build the image for linux/${selected}.`;
    const what = accelerator === undefined ? `an image for ${platforms.join(' and ')}` : 'the accelerator';
    const reason = `selects nodes on which ${what} cannot run`;
    yield { prop: `nodeSelector.${architecture}`, value: selected, reason, fix };
  }
  if (accelerator !== undefined) yield* checkAccelerator(accelerator, platforms);
}

/** Returns the values of the label `kubernetes.io/arch` of nodes that can run the image, with CUDA if it is needed. */
export const architectures = ({ accelerator, platforms }: ResolvedProps): readonly string[] => [
  ...new Set(
    platforms
      .filter((platform) => accelerator === undefined || platform === cudaPlatform)
      .map((platform) => platform.split('/')[1] ?? ''),
  ),
];

function* checkAccelerator(
  { type, count, resource, nodeSelector, ...others }: NonNullable<ResolvedProps['accelerator']>,
  platforms: readonly string[],
): Generator<InvalidProp> {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    const fix = 'Use type, count, resource and nodeSelector.';
    yield { prop: `accelerator.${unknown}`, value: '(hidden)', reason: 'is set, but there is no such prop', fix };
  }
  if ((type as unknown) !== 'cuda')
    yield {
      prop: 'accelerator',
      value: type,
      reason: 'is not a kind of GPU that the service supports',
      fix: "Use 'cuda'.",
    };
  if (!(Number.isInteger(count) && count >= 1))
    yield { prop: 'accelerator.count', value: count, reason: 'is not a number of GPUs', fix: 'Use 1 or more.' };
  // Kubernetes has resources of its own without a domain.
  if (!isAnnotationKey(resource) || !resource.includes('/')) {
    const fix = "Use the name that the device plugin reports, such as 'nvidia.com/gpu'.";
    yield { prop: 'accelerator.resource', value: resource, reason: 'is not a resource of a device plugin', fix };
  }
  for (const [key, value] of Object.entries(nodeSelector as Readonly<Record<string, unknown>>)) {
    if (isAnnotationKey(key) && typeof value === 'string' && isLabelValue(value)) continue;
    const fix = "Use labels of the nodes, such as { 'nvidia.com/gpu.present': 'true' }, or {} for none.";
    yield { prop: `accelerator.nodeSelector.${key}`, value, reason: 'is not a label that a node can have', fix };
  }
  if (platforms.includes(cudaPlatform)) return;
  const fix = `Build the image for ${cudaPlatform}: the ONNX runtime has no CUDA libraries for other platforms.`;
  yield { prop: 'platforms', value: platforms, reason: 'has none that can use the accelerator', fix };
}
