import tseslint from 'typescript-eslint';

// Rules for types, promises and exports. .dependency-cruiser.js has those for imports; Prettier decides the layout.
export default tseslint.config(
  {
    ignores: [
      ...['node_modules', 'dist', 'charts-out', 'coverage', '.rhizome', 'cli/templates', 'examples', '**/*.d.ts'],
      ...['docs/api', 'docs/.vitepress/.temp', 'docs/.vitepress/cache', 'docs/.vitepress/dist'],
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Export it by name.' }],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.case.ts', '**/fixtures/**', 'fixtures/**', 'e2e/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Jest's matchers (expect.any(String), ...) are typed as any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
