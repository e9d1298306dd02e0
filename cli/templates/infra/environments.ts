import { localProfile, productionProfile, type PredictionChartProps } from 'rhizome-kit/infra';

const name = '{{name}}-server';
const image = '{{name}}-server:v0.1.0';

/**
 * Every environment, by the name of its file in charts-out/: what differs from its profile. An editor shows the props and
 * their defaults, as `replicas` and `resources`.
 *
 * @param localImage image of `local` instead of the one above: `rhizome up` tags by content, and sets RHIZOME_IMAGE.
 */
export function environments(localImage = image): Readonly<Record<string, PredictionChartProps>> {
  return {
    local: { ...localProfile, name, image: localImage, nodePort: 30080 },
    // Before the first apply: an image that the cluster can pull, best with its digest, as
    // 'registry.example.com/{{name}}-server:v0.1.0@sha256:…'.
    production: { ...productionProfile, name, image },
  };
}
