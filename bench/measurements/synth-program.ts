/** Writes the manifests of so many services to a folder: `synth-program.ts COUNT FOLDER`. */
import { App } from 'cdk8s';
import { productionProfile } from '../../infra/profiles/production.ts';
import { synthesize } from '../../infra/synthesize.ts';

const [count = '1', outdir = ''] = process.argv.slice(2);
synthesize(new App({ outdir }), () =>
  Object.fromEntries(
    Array.from({ length: Number(count) }, (_, index) => {
      const name = `service-${index}`;
      return [name, { ...productionProfile, name, image: `${name}:v1`, unpinnedImage: 'a measurement' }];
    }),
  ),
);
