import { localProfile, productionProfile, type PredictionChartProps } from 'rhizome-kit/infra';

const name = 'detector-server';
const image = 'detector-server:v0.1.0';

/**
 * Returns the props of each environment, by the name of its file in charts-out/. Each starts from a profile and lists
 * what differs. Your editor shows the other props, such as `replicas` and `resources`, and their defaults.
 *
 * @param localImage the image of `local`. `rhizome up` tags the image by its content, and sets RHIZOME_IMAGE to it.
 */
export function environments(localImage = image): Readonly<Record<string, PredictionChartProps>> {
  return {
    local: { ...localProfile, name, image: localImage, nodePort: 30080, grpcNodePort: 30081 },
    // Before you apply this, name a registry in `image`, and run `rhizome build --push`: it records the digest, which
    // the manifests then have. After that, remove `unpinnedImage`: synthesis will refuse an image that was not pushed.
    production: { ...productionProfile, name, image, unpinnedImage: 'it is in no registry yet' },
  };
}
