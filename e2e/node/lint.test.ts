import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { createWorkspace } from '../workspace.ts';

/** Files that break the house's rules, with the rule that has to find each. */
const offences: Readonly<Record<string, readonly [rule: string, code: string]>> = {
  'onnx/upward.ts': ['import-x/no-restricted-paths', `import { readConfig } from '../service/config.ts';\nreadConfig({});\n`],
  'infra/inward.ts': ['import-x/no-restricted-paths', `import { readConfig } from '../service/config.ts';\nreadConfig({});\n`],
  'service/sideways.ts': ['import-x/no-restricted-paths', `import { environments } from '../infra/environments.ts';\nenvironments();\n`],
  'cli/one.ts': ['import-x/no-cycle', `import { two } from './two.ts';\nexport const one = (): unknown => two;\n`],
  'cli/two.ts': ['import-x/no-cycle', `import { one } from './one.ts';\nexport const two = (): unknown => one;\n`],
  'cli/default.ts': ['import-x/no-default-export', 'export default 1;\n'],
  'service/runtime.ts': ['no-restricted-imports', `import { Tensor } from 'onnxruntime-node';\nnew Tensor([1]);\n`],
  'service/inference/web.ts': ['no-restricted-imports', `import { Hono } from 'hono';\nnew Hono();\n`],
  'cli/floating.ts': ['@typescript-eslint/no-floating-promises', 'Promise.resolve();\n'],
};

test('lint finds what breaks the rules of the house', async () => {
  const workspace = await createWorkspace();
  try {
    for (const [file, [, code]] of Object.entries(offences)) {
      await mkdir(dirname(join(workspace.folder, file)), { recursive: true });
      await writeFile(join(workspace.folder, file), code);
    }
    const { stdout } = await execa('node_modules/.bin/eslint', ['--format', 'json', ...Object.keys(offences)], {
      cwd: workspace.folder, reject: false, timeout: 120_000,
    });
    const results = JSON.parse(stdout) as { filePath: string; messages: { ruleId: string }[] }[];
    for (const [file, [rule]] of Object.entries(offences)) {
      const found = results.find(({ filePath }) => filePath.endsWith(file))?.messages.map(({ ruleId }) => ruleId);
      expect([file, found]).toEqual([file, expect.arrayContaining([rule])]);
    }
  } finally {
    await workspace.remove();
  }
});
