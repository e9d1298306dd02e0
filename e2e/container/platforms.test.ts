import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build, copyFromImage, inspect, temporaryFolder, testWithDocker } from './docker.ts';

/** The field `e_machine` of an ELF header, by Docker's name for the processor. */
const machines: Readonly<Record<string, number>> = { amd64: 0x3e, arm64: 0xb7 };

/** Returns the processor for which each ELF file in a folder was built, by the file's path. Ignores all other files. */
async function processors(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    await using file = await open(path);
    const { buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
    if (buffer.toString('latin1', 0, 4) !== '\x7fELF') continue;
    const machine = buffer.readUInt16LE(18);
    const name = Object.keys(machines).find((key) => machines[key] === machine) ?? `machine ${machine}`;
    found.set(path.slice(folder.length + 1), name);
  }
  return found;
}

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
