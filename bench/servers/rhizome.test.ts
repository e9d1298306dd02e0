import { join } from 'node:path';
import { root } from '../models/model-cache.ts';
import { rhizome } from './rhizome.ts';
import { startServer } from './server.ts';

const asIs = (command: readonly string[]): readonly [string, ...string[]] => command as readonly [string, ...string[]];
const cores = { forServer: asIs, forLoad: asIs, description: 'not pinned' };

test('two services with the settings of the production manifests become ready next to each other', async () => {
  const spec = rhizome({ modelsDir: join(root, 'models'), sources: root });
  const [first, second] = [await startServer(spec, cores), await startServer(spec, cores)];
  try {
    expect((await fetch(`http://127.0.0.1:${first.http}/livez`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${second.http}/livez`)).status).toBe(200);
  } finally {
    await first.process.stop();
    await second.process.stop();
  }
});
