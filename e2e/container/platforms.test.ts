import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build, copyOut, inspect, temporaryFolder, testWithDocker } from './docker.ts';

/** `e_machine` of an ELF header, by Docker's name of the processor. */
const machines: Readonly<Record<string, number>> = { amd64: 0x3e, arm64: 0xb7 };

/** The processor that each ELF file in a folder is for, by the file's path; files of other kinds are left out. */
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

// Where a base can be pulled, one name is every platform's; where not, .ci/base-image says what the other one is called.
describe.each(['amd64', 'arm64'])('linux/%s', (processor) => {
  testWithDocker('is built without emulation, of files for that processor alone', async () => {
    const { [`BASE_IMAGE_${processor.toUpperCase()}`]: base } = process.env;
    const image = await build({
      flags: ['--platform', `linux/${processor}`, ...(base === undefined ? [] : ['--build-arg', `BASE_IMAGE=${base}`])],
    }).catch((cause: unknown) => {
      throw new Error(`not built; where no base can be pulled, run: eval "$(.ci/base-image)"`, { cause });
    });
    expect(await inspect<string>(image, '.Architecture')).toBe(processor);

    using folder = temporaryFolder();
    await copyOut(image, '/app', folder.path);
    await copyOut(image, '/usr/local/bin/node', folder.path);
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
