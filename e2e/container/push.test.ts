/** `rhizome build --push` with the real Docker and a registry of this machine, and what becomes of the digest. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, startRegistry } from '../../cli/fixtures/registry.ts';
import { cleanUpAtEnd } from '../cleanup.ts';
import { variables } from '../suite.ts';
import { createWorkspace } from '../workspace.ts';
import { label, testWithDocker } from './docker.ts';

const name = `iris-push-${process.env[variables.id] ?? 'by-hand'}`;

testWithDocker('each push records the digest that the registry has, and the manifests have it', async () => {
  // By ID: the first image keeps only its digest when the second one gets its tag.
  cleanUpAtEnd(
    'sh',
    '-c',
    `docker image ls --format '{{.ID}} {{.Repository}}' | grep -F ${name} | cut -d ' ' -f 1 | sort -u | ` +
      'xargs -r docker image rm --force',
  );
  const registry = await startRegistry();
  const workspace = await createWorkspace();
  const { folder } = workspace;
  const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');
  const run = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await workspace.rhizome(...args);
    expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
    return stdout;
  };
  const build = async (file: string, ...args: readonly string[]): Promise<string> => {
    await writeFile(join(folder, 'Dockerfile'), `FROM scratch\nLABEL ${label}\nCOPY models/iris/${file} /\n`);
    return run('build', '--push', ...args);
  };
  const image = `${registry.host}/team/${name}:v0.1.0`;
  /** Returns the digest that is recorded, which the registry must have. */
  const recorded = async (): Promise<string> => {
    const digest = digestOf(registry.manifests.get('v0.1.0')!);
    expect(JSON.parse(await read('infra/images.json'))).toEqual({
      [image]: { digest, platforms: [expect.stringMatching(/^linux\/\w+/)] },
    });
    return digest;
  };

  try {
    const environments = (await read('infra/environments.ts')).replaceAll('iris-server', name);
    await writeFile(join(folder, 'infra/environments.ts'), environments);
    const stdout = await build('model.json', '--registry', `${registry.host}/team`);
    const first = await recorded();
    expect(stdout).toContain(`${image}@${first}\n`);

    // What it says to do next.
    expect(stdout).toContain(`set the image of production to '${image}'`);
    const unpinned = / unpinnedImage: '[^']*'/;
    expect(environments).toMatch(unpinned);
    await writeFile(
      join(folder, 'infra/environments.ts'),
      environments.replace(`'${name}:v0.1.0'`, `'${image}'`).replace(unpinned, ''),
    );
    await run('synth');
    expect(await read('charts-out/production.k8s.yaml')).toContain(` image: ${image}@${first}\n`);

    await build('model.onnx');
    const second = await recorded();
    expect(second).not.toBe(first);
    await run('synth');
    const production = await read('charts-out/production.k8s.yaml');
    expect(production).toContain(` image: ${image}@${second}\n`);
    expect(production).not.toContain(first);
  } finally {
    registry.close();
    await workspace.remove();
  }
});
