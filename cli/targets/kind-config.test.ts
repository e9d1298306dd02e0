import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKindConfig } from './kind-config.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rhizome-kind-'));
});
afterEach(() => rm(root, { recursive: true }));

const read = async (source: string) => {
  await writeFile(join(root, 'kind.yaml'), source);
  return readKindConfig(root);
};

test("the cluster's name and ports come from kind.yaml, or are kind's defaults", async () => {
  expect(readKindConfig(root)).toBeUndefined();
  expect(
    await read('name: wine\nnodes: [{role: worker}, {extraPortMappings: [{containerPort: 30080, hostPort: 8080}]}]\n'),
  ).toEqual({ name: 'wine', nodes: 2, portMappings: [{ containerPort: 30080, hostPort: 8080 }] });
  expect(await read('kind: Cluster\n')).toEqual({ name: 'kind', nodes: 1, portMappings: [] });
  expect(await read('')).toEqual({ name: 'kind', nodes: 1, portMappings: [] });
});

test('invalid YAML and an invalid name are errors', async () => {
  await expect(read('nodes: [')).rejects.toThrow('kind.yaml is not YAML: ');
  await expect(read('name: [a]\n')).rejects.toThrow('The name in kind.yaml is not valid: ["a"].');
  await expect(read('name: My Cluster\n')).rejects.toThrow('The name in kind.yaml is not valid: "My Cluster".');
});
