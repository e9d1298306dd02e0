import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { createWorkspace } from '../workspace.ts';

type Offences = Readonly<Record<string, readonly [rule: string, code: string]>>;

/** Files that break a rule of the repository, and the rule that must report each. */
const code: Offences = {
  'cli/default.ts': ['no-restricted-syntax', 'export default 1;\n'],
  'cli/floating.ts': ['@typescript-eslint/no-floating-promises', 'Promise.resolve();\n'],
};
const readConfig = `import { readConfig } from '../service/config/config.ts';\nreadConfig({});\n`;
const imports: Offences = {
  'onnx/upward.ts': ['floor-onnx', readConfig],
  'infra/inward.ts': ['floor-infra', readConfig],
  'cli/inward.ts': ['floor-cli', readConfig],
  'service/sideways.ts': [
    'floor-service',
    `import { environments } from '../infra/environments.ts';\nenvironments();\n`,
  ],
  'service/runtime.ts': ['only-engine-runs-models', `import { Tensor } from 'onnxruntime-node';\nnew Tensor([1]);\n`],
  'service/inference/web.ts': ['no-http-below-routes', `import { Hono } from 'hono';\nnew Hono();\n`],
  'cli/one.ts': ['no-circular', `import { two } from './two.ts';\nexport const one = (): unknown => two;\n`],
  'cli/two.ts': ['no-circular', `import { one } from './one.ts';\nexport const two = (): unknown => one;\n`],
  'client/one.ts': ['no-circular', `import type { Two } from './two.ts';\nexport type One = Two[];\n`],
  'client/two.ts': ['no-circular', `import type { One } from './one.ts';\nexport type Two = One[];\n`],
};
/** `targets` imports `images`: each file is fine, the two folders are a circle. */
const circleOfFolders = {
  file: 'cli/images/upward.ts',
  text: `import { findTarget } from '../targets/find.ts';\nexport { findTarget };\n`,
};

test('lint reports files that break the rules of the repository, type imports included', async () => {
  const workspace = await createWorkspace();
  const run = async (command: string, args: readonly string[]) => {
    const { stdout } = await execa(`node_modules/.bin/${command}`, args, {
      cwd: workspace.folder,
      reject: false,
      timeout: 120_000,
    });
    return JSON.parse(stdout) as unknown;
  };
  try {
    for (const [file, [, text]] of Object.entries({ ...code, ...imports })) {
      await mkdir(dirname(join(workspace.folder, file)), { recursive: true });
      await writeFile(join(workspace.folder, file), text);
    }
    await writeFile(join(workspace.folder, circleOfFolders.file), circleOfFolders.text);
    const results = (await run('eslint', ['--format', 'json', ...Object.keys(code)])) as {
      filePath: string;
      messages: { ruleId: string }[];
    }[];
    for (const [file, [rule]] of Object.entries(code)) {
      const found = results.find(({ filePath }) => filePath.endsWith(file))?.messages.map(({ ruleId }) => ruleId);
      expect([file, found]).toEqual([file, [rule]]);
    }
    const folders = ['onnx', 'service', 'infra', 'cli', 'client'];
    const { summary } = (await run('depcruise', ['--output-type', 'json', ...folders])) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    const ofFolders = summary.violations.filter(({ rule }) => rule.name === 'no-circular-folders');
    expect(ofFolders.map(({ from }) => from)).toContain(dirname(circleOfFolders.file));
    const ofFiles = summary.violations.filter(({ rule }) => rule.name !== 'no-circular-folders');
    for (const [file, [rule]] of Object.entries(imports)) {
      const found = new Set(ofFiles.filter(({ from }) => from === file).map((violation) => violation.rule.name));
      // A circle may be reported for only one of its files.
      if (rule === 'no-circular') found.delete(rule);
      expect([file, [...found]]).toEqual([file, rule === 'no-circular' ? [] : [rule]]);
    }
    const circular = ofFiles.filter(({ rule }) => rule.name === 'no-circular').map(({ from }) => from.split('/')[0]!);
    expect([...new Set(circular)].sort()).toEqual(['cli', 'client']);
    expect(ofFiles.every(({ from }) => from in imports)).toBe(true);
  } finally {
    await workspace.remove();
  }
});
