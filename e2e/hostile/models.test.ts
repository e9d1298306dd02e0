/** What a model can do that costs the clients of another model their answers, and does not. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ports } from '../../service/contract/index.ts';
import { root } from '../container/docker.ts';
import { exchange, head } from './sockets.ts';
import { attacks, type Target } from './target.ts';

const fixtures = join(root, 'onnx/fixtures/slow');
const trained = join(root, 'fixtures/training-libraries');

const { attackTest } = attacks(async (models) => {
  const add = async (name: string, write: (file: string) => Promise<unknown>): Promise<void> => {
    await mkdir(join(models, name));
    await write(join(models, name, 'model.onnx'));
  };
  await add('endless', (file) => copyFile(join(fixtures, 'endless.onnx'), file));
  await add('crash', (file) => copyFile(join(fixtures, 'crash.onnx'), file));
  await add('k-neighbors', (file) => copyFile(join(trained, 'k-neighbors/model.onnx'), file));
  await add('noise', (file) => writeFile(file, Buffer.alloc(100_000, 7)));
  await add('pipe', (file) => execa('mkfifo', [file]));
});

async function infer({ host }: Target, model: string, input: object): Promise<string> {
  const body = JSON.stringify({ inputs: [input] });
  return exchange(host, head(`/v2/models/${model}/infer`, body.length, ['Connection: close']) + body, 30);
}

attackTest('files that are not models', async ({ host }) => {
  const request = 'GET /readyz HTTP/1.1\r\nHost: attacked\r\nConnection: close\r\n\r\n';
  expect(await exchange(host, request)).toMatch(/^HTTP\/1\.1 404 /);
  const response = await exchange(host, request, 10, ports.management.number);
  expect(response).toMatch(/^HTTP\/1\.1 503 [^]*noise[^]*pipe/);
});

attackTest('a model that does not end is ended, again and again', async (target) => {
  const input = { name: 'X', datatype: 'FP32', shape: [1, 4], data: [1e18, 0, 0, 0] };
  const responses = await Promise.all(Array.from({ length: 5 }, () => infer(target, 'endless', input)));
  for (const response of responses) expect(response).toMatch(/^HTTP\/1\.1 50[34] /);
});

attackTest('a model that crashes its process', async (target) => {
  const input = { name: 'X', datatype: 'FP32', shape: [1, 4], data: [13, 0, 0, 0] };
  for (let count = 0; count < 10; count++) expect(await infer(target, 'crash', input)).toMatch(/^HTTP\/1\.1 503 /);
});

attackTest('no rows for a model that divides by their number', async (target) => {
  const input = { name: 'X', datatype: 'FP32', shape: [0, 4], data: [] };
  for (let count = 0; count < 10; count++)
    expect(await infer(target, 'k-neighbors', input)).toMatch(/^HTTP\/1\.1 (200|422) /);
});
