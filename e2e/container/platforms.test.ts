import { build, copyFromImage, inspect, temporaryFolder, testWithDocker } from './docker.ts';
import { processors } from './processors.ts';

// A base image that can be pulled has the same name on every platform. If none can be pulled, .ci/base-image makes the
// bases, and prints the variable that names the other platform's.
describe.each(['amd64', 'arm64'])('linux/%s', (processor) => {
  testWithDocker('the image is built without emulation, and all of its binaries are for that processor', async () => {
    const { [`BASE_IMAGE_${processor.toUpperCase()}`]: base } = process.env;
    const image = await build({
      flags: ['--platform', `linux/${processor}`, ...(base === undefined ? [] : ['--build-arg', `BASE_IMAGE=${base}`])],
    }).catch((cause: unknown) => {
      throw new Error('The build failed. If no base image can be pulled, run: eval "$(.ci/base-image)"', { cause });
    });
    expect(await inspect<string>(image, '.Architecture')).toBe(processor);

    using folder = temporaryFolder();
    await copyFromImage(image, '/app', folder.path);
    await copyFromImage(image, '/usr/local/bin/node', folder.path);
    const files = await processors(folder.path);
    const runtime = `app/node_modules/onnxruntime-node/bin/napi-v6/linux/${processor === 'amd64' ? 'x64' : processor}`;
    expect([...files.keys()].sort()).toEqual([
      `${runtime}/libonnxruntime.so.1`,
      `${runtime}/onnxruntime_binding.node`,
      'node',
    ]);
    expect(new Set(files.values())).toEqual(new Set([processor]));
  });
});
