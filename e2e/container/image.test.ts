import { randomUUID } from 'node:crypto';
import { appendFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, docker, inspect, irisImage, root, temporaryFolder, testWithDocker } from './docker.ts';
import { image as contract, ports } from '../../service/contract/index.ts';

interface ImageConfig {
  readonly Cmd: string[];
  readonly Entrypoint: string[] | null;
  readonly WorkingDir: string;
  readonly User: string;
  readonly ExposedPorts: Record<string, object>;
  readonly Labels: Record<string, string>;
}

/** Runs a shell script in the image. @returns the lines that it prints */
const lines = async (script: string): Promise<string[]> => {
  const output = await docker(['run', '--rm', await irisImage(), 'bash', '-c', script]);
  return output.split('\n').filter((line) => line !== '');
};

testWithDocker(
  'the image has the command, user and ports that the manifests and the command line rely on',
  async () => {
    const config = await inspect<ImageConfig>(await irisImage(), '.Config');
    expect(config).toMatchObject({
      Cmd: ['node', 'service/main.js'],
      WorkingDir: contract.workingDir,
      User: `${contract.user}:${contract.user}`,
      ExposedPorts: Object.fromEntries(Object.values(ports).map(({ number }) => [`${number}/tcp`, {}])),
    });
    expect(config.Entrypoint ?? []).toEqual([]);
  },
);

testWithDocker('the image has OCI labels', async () => {
  const { version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const { Labels } = await inspect<ImageConfig>(await build({ flags: ['--build-arg', 'REVISION=abc'] }), '.Config');
  expect(Labels).toMatchObject({
    'org.opencontainers.image.title': 'iris-server',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': 'abc',
    'org.opencontainers.image.licenses': license,
  });
});

testWithDocker(
  'the image contains the packages that the service imports, and none of cdk8s, the command line or unused decoders',
  async () => {
    const packages = await lines('cd node_modules && ls -d [!@]* @*/*');
    expect(packages).toEqual(
      expect.arrayContaining([
        'hono',
        '@hono/node-server',
        '@grpc/grpc-js',
        '@grpc/proto-loader',
        '@grpc/reflection',
        'protobufjs',
        'onnxruntime-node',
        'onnxruntime-common',
        'pino',
        'prom-client',
      ]),
    );
    const foreign = /^sharp$|^@img|csv|cdk8s|constructs|commander|execa|typescript|jest|eslint|^yaml$|^node$|^@types/;
    expect(packages.filter((name) => foreign.test(name))).toEqual([]);
  },
);

testWithDocker(
  'the image contains the ONNX Runtime of its own platform and the models, but no tests or build tools',
  async () => {
    expect(await lines('cd node_modules/onnxruntime-node/bin && find . -mindepth 3 -maxdepth 3')).toEqual([
      `./napi-v6/linux/${process.arch}`,
    ]);
    expect(await lines('find models -type f | sort')).toEqual(['models/iris/model.json', 'models/iris/model.onnx']);
    expect(await lines('find service -name "*.proto" | sort')).toEqual([
      'service/grpc/proto/health.proto',
      'service/grpc/proto/inference.proto',
    ]);
    for (const file of ['index.html', 'main.js', 'style.css'])
      expect(await lines('ls service/playground/page')).toContain(file);
    expect(await lines('ls -A')).toEqual(['models', 'node_modules', 'onnx', 'package.json', 'service']);
    expect(
      await lines(
        `find service onnx models -name '*.test.ts' -o -name '*.case.ts' -o -path service/image -o -name fixtures ` +
          `-o -name '*.py'`,
      ),
    ).toEqual([]);
  },
);

testWithDocker("the image's files belong to root: its user can read all of them and write none", async () => {
  expect(await lines('find /app ! -readable -o ! -uid 0 -o ! -type l -writable')).toEqual([]);
});

testWithDocker('the image adds less than 120 MB to its base image', async () => {
  const { BASE_IMAGE: base = '' } = process.env;
  const from = await docker(['build', '--quiet', '--file', '-', root], {
    input:
      base === ''
        ? `${(await readFile(join(root, 'Dockerfile'), 'utf8')).match(/^ARG NODE_IMAGE=.*$/m)?.[0]}\nFROM $NODE_IMAGE`
        : `FROM ${base}`,
  });
  const [size, baseSize] = [await inspect<number>(await irisImage(), '.Size'), await inspect<number>(from, '.Size')];
  console.log(
    `image ${(size / 1e6).toFixed(1)} MB = base ${(baseSize / 1e6).toFixed(1)} MB ` +
      `+ ${((size - baseSize) / 1e6).toFixed(1)} MB`,
  );
  expect(size - baseSize).toBeLessThan(120e6);
  expect(size - baseSize).toBeGreaterThan(20e6);
});

testWithDocker('editing only the service keeps the layer of node_modules', async () => {
  using folder = temporaryFolder();
  for (const name of [
    'Dockerfile',
    '.dockerignore',
    'package.json',
    'package-lock.json',
    '.npmrc',
    'service',
    'onnx',
    'models',
  ]) {
    await cp(join(root, name), join(folder.path, name), { recursive: true, preserveTimestamps: true });
  }
  // Neither edit may have been built before: otherwise the build cache could supply an identical layer of that build.
  const layersAfterEdit = async (): Promise<string[]> => {
    await appendFile(join(folder.path, 'service/main.ts'), `\n// ${randomUUID()}\n`);
    return inspect<string[]>(await build({ context: folder.path }), '.RootFS.Layers');
  };
  const before = await layersAfterEdit();
  const after = await layersAfterEdit();
  // The last two layers are the service and the models, in this order.
  expect(after.slice(0, -2)).toEqual(before.slice(0, -2));
  expect(after.at(-2)).not.toBe(before.at(-2));
});
