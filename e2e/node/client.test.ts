/** Compiles and runs the snippets of docs/client.md as a consumer's program, with generated types. */
import { execa } from 'execa';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServiceWith } from '../../client/fixtures/service.ts';
import type { ServiceProcess } from '../../service/fixtures/process.ts';
import { createConsumer, type Consumer } from '../consumer.ts';
import { snippets } from '../documentation/snippets.ts';

const root = join(import.meta.dirname, '../..');
const document = 'docs/client.md';

let service: ServiceProcess;
let consumer: Consumer;
beforeAll(async () => {
  service = await startServiceWith({ iris: 'models/iris' });
  consumer = createConsumer();
});
afterAll(async () => {
  consumer.remove();
  await service.stop();
});

test('the snippets compile and run in order', async () => {
  const [commands] = snippets(root, document);
  for (const command of commands!.code.split('\n')) {
    const [npx, rhizome, ...args] = command.split(' ');
    expect([npx, rhizome]).toEqual(['npx', 'rhizome']);
    const absolute = args.map((arg) => (arg.endsWith('.ts') ? join(consumer.folder, arg) : arg));
    await execa(process.execPath, [join(root, 'cli/main.ts'), ...absolute], { cwd: root, timeout: 60_000 });
  }
  const code = [...readFileSync(join(root, document), 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm)]
    .map(([, snippet]) => snippet)
    .join('\n');
  consumer.write('src/example.ts', code.replace('http://localhost:8080', service.url));
  expect(await consumer.compile()).toBe('');
  expect((await consumer.run('src/example.ts')).split('\n')).toEqual([
    'setosa true',
    'setosa,virginica 2',
    'output_label 0n',
    '#/petal_width The number is outside the range of float32. Expected: a number (float32) from 0.1 to 2.5 in cm',
  ]);
}, 240_000);
