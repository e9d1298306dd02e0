import { localProfile, productionProfile, type PredictionChartProps } from 'rhizome-kit/infra';

const name = '{{name}}-server';
const image = '{{name}}-server:v0.1.0';

/**
 * Returns the props of each environment, by the name of its file in charts-out/. Each starts from a profile and lists
 * what differs. Your editor shows the other props, such as `replicas` and `resources`, and their defaults.
 *
 * @param localImage the image of `local`. `rhizome up` tags the image by its content, and sets RHIZOME_IMAGE to it.
 */
export function environments(localImage = image): Readonly<Record<string, PredictionChartProps>> {
  return {
    local: { ...localProfile, name, image: localImage, nodePort: 30080, grpcNodePort: 30081 },
    // Before you apply this, set an image that the cluster can pull, preferably with its digest:
    // 'registry.example.com/{{name}}-server:v0.1.0@sha256:…'.
    production: { ...productionProfile, name, image },
  };
}
