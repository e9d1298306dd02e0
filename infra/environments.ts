import type { PredictionChartProps } from './charts/prediction-chart.ts';
import { localProfile } from './profiles/local.ts';
import { productionProfile } from './profiles/production.ts';

const name = 'iris-server';
const image = 'iris-server:v0.1.0';

/**
 * Every environment, by the name of its file in charts-out/: what differs from its profile. Props and their defaults
 * are those of PredictionService (constructs/prediction-service-props.ts).
 *
 * @param localImage image of `local` instead of the committed one: `rhizome up` tags by content, and sets RHIZOME_IMAGE.
 */
export function environments(localImage = image): Readonly<Record<string, PredictionChartProps>> {
  return {
    local: { ...localProfile, name, image: localImage, nodePort: 30080 },
    // Before the first apply: an image that the cluster can pull, best with its digest, as
    // 'registry.example.com/iris-server:v0.1.0@sha256:…'.
    production: { ...productionProfile, name, image },
  };
}
