import { once } from 'node:events';
import { access, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { TestClient } from '../../service/grpc/fixtures/server.ts';
import { freePort } from '../suite.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

const repository = join(import.meta.dirname, '../..');

let workspace: Workspace;
let port: number;
let grpcPort: number;
beforeAll(async () => {
  workspace = await createWorkspace();
  [port, grpcPort] = [await freePort(), await freePort()];
  const add = async (name: string, ...args: readonly string[]): Promise<void> => {
    expect(
      await workspace.rhizome('add', join(repository, `fixtures/training-libraries/${name}/model.onnx`), ...args),
    ).toMatchObject({ exitCode: 0 });
  };
  await add('random-forest', '--name', 'iris', '--version', '2');
  await add('torch-external-data', '--name', 'torch');
  // It is served, but has no examples to check.
  await cp(join(repository, 'onnx/fixtures/columns.onnx'), join(workspace.folder, 'models/columns/model.onnx'));
});
afterAll(async () => {
  await workspace.rhizome('down');
  await workspace.remove();
});

test('if the gRPC port is in use, the error names it and the flag, and nothing runs', async () => {
  const holder = createServer().listen(grpcPort, '127.0.0.1');
  await once(holder, 'listening');
  const busy = await workspace.rhizome('up', '--detach', '--port', String(port), '--grpc-port', String(grpcPort));
  expect(busy).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(new RegExp(`Port ${grpcPort} of this machine is in use.*\\n.*--grpc-port`)),
  });
  holder.close();
  await once(holder, 'close');
});

test('the model.json that add writes refers to the schema, for editors', async () => {
  const folder = join(workspace.folder, 'models/torch');
  const { $schema } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as { $schema: string };
  await expect(access(join(folder, $schema))).resolves.toBeUndefined();
});

test('several models and versions: up checks those with examples, status names them, load sends to all', async () => {
  const up = await workspace.rhizome(
    'up',
    '--detach',
    '--json',
    '--verbose',
    '--port',
    String(port),
    '--grpc-port',
    String(grpcPort),
  );
  expect(up.exitCode).toBe(0);
  const { answers, withoutExamples } = JSON.parse(up.stdout) as {
    answers: { model: string; version: string; answer: { model: object } }[];
    withoutExamples: object[];
  };
  expect(answers.map(({ model, version }) => `${model} ${version}`)).toEqual(['iris 2', 'torch 1', 'iris 1']);
  for (const { model, version, answer } of answers) expect(answer.model).toEqual({ name: model, version });
  expect(withoutExamples).toEqual([{ model: 'columns', version: '1' }]);
  for (const path of ['/models/iris/predictions', '/models/torch/predictions', '/models/iris/versions/1/predictions'])
    expect(up.stderr).toContain(`$ curl http://localhost:${port}${path} `);

  // To both replicas and each version, over separate connections.
  for (const version of ['1', '2', '1', '2']) {
    const client = new TestClient(`localhost:${grpcPort}`);
    expect(await client.call('ModelReady', { name: 'iris', version })).toMatchObject({ ready: true });
    client.close();
  }

  const { stdout } = await workspace.rhizome('status');
  expect(stdout).toContain('columns 1, iris 1, iris 2, torch 1');
  const load = await workspace.rhizome('load', '--for', '1s', '--rate', '30', '--json');
  expect(JSON.parse(load.stdout)).toMatchObject({ failed: 0 });
  const old = await workspace.rhizome('load', 'iris/1', '--for', '300ms', '--json');
  expect(JSON.parse(old.stdout)).toMatchObject({
    url: `http://localhost:${port}/models/iris/versions/1/predictions`,
    failed: 0,
  });
});

test('with several versions of one model, POST /predictions uses the highest', async () => {
  for (const other of ['torch', 'columns']) await rm(join(workspace.folder, 'models', other), { recursive: true });
  const ports = ['--port', String(port), '--grpc-port', String(grpcPort)];
  const up = await workspace.rhizome('up', '--detach', '--verbose', ...ports);
  expect(up.exitCode).toBe(0);
  expect(up.stderr).toContain(`$ curl http://localhost:${port}/predictions `);
  const answer = await workspace.rhizome('predict');
  expect(JSON.parse(answer.stdout)).toMatchObject({ model: { name: 'iris', version: '2' } });

  const path = join(workspace.folder, 'models/iris/1/model.json');
  const json = await readFile(path, 'utf8');
  await writeFile(path, json.replaceAll('"setosa"', '"Setosa"'));
  const wrong = await workspace.rhizome('load', 'iris/1', '--for', '100ms');
  expect(wrong).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/The model iris .*model\.json.*: expected 'Setosa', predicted 'setosa'/),
  });
});
