import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

// The house's floors, each with the only floors that it may import. DESIGN: cli -> infra -> service/contract -> onnx.
const floor = (target, allowed) => ({
  target: `./${target}`,
  from: '.',
  except: ['./node_modules', `./${target}`, ...allowed.map((folder) => `./${folder}`)],
  message: `${target}/ may import only from ${[target, ...allowed].join(', ')}.`,
});

const RUNTIME = { name: 'onnxruntime-node', message: 'Only onnx/engine/ runs models.' };

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'charts-out', '.rhizome', 'cli/templates', '**/*.d.ts'] },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'import-x': importX },
    // Without the parsers the plugin passes over .ts files, and finds no cycle among them.
    settings: { 'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] }, 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })] },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'import-x/no-unresolved': 'error',
      'import-x/no-restricted-paths': ['error', { zones: [
        floor('onnx', []),
        floor('service', ['onnx']),
        floor('service/contract', ['onnx']),
        floor('client', ['service/contract', 'onnx']),
        floor('service/protocol', ['onnx', 'service/inference', 'service/contract', 'service/errors.ts']),
        floor('service/inference', ['onnx', 'service/contract', 'service/errors.ts']),
        floor('infra', ['service/contract', 'onnx']),
        floor('cli', ['infra', 'service/contract', 'onnx']),
      ] }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-imports': ['error', { paths: [RUNTIME] }],
      'no-restricted-syntax': ['error', { selector: "ImportExpression[source.value='onnxruntime-node']", message: RUNTIME.message }],
    },
  },
  { files: ['onnx/engine/**'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['service/inference/**', 'service/protocol/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [RUNTIME], patterns: [{ group: ['hono', 'hono/*', '@hono/*'], message: 'HTTP stays in routes/ and middleware/.' }] }] },
  },
  {
    files: ['**/*.test.ts', '**/*.case.ts', '**/fixtures/**', 'fixtures/**', 'e2e/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Jest's matchers (expect.any(String), ...) are typed as any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      'import-x/no-restricted-paths': 'off',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
