import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/how-to/troubleshooting.md'), 'utf8');

/** The code as a user reads its messages: literals are joined, and `…` stands for what differs. */
const messages = globSync('{onnx,service,infra,cli}/**/*.ts', { cwd: root })
  .filter((file) => !/\.(?:test|case)\.ts$|\/fixtures\/|\/templates\//.test(file))
  .map((file) =>
    readFileSync(join(root, file), 'utf8')
      .replace(/(['"`])\s*\+\s*(['"`])/g, '')
      .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…')
      .replace(/\\(['"`])/g, '$1'),
  )
  .join('\n');

const quoted = [...page.matchAll(/^```text\n([^]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));

test('the page quotes messages', () => {
  expect(quoted.length).toBeGreaterThan(50);
});

test.each(quoted)('the code still has the message: %s', (message) => {
  // Where the page ends a message early, the code may go on.
  expect(messages).toContain(message.replace(/…$/, ''));
});
