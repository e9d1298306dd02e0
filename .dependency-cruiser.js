// Which folder may import which. Imports of types count too.

/** Returns the rule that a folder imports only from itself and from `allowed`. */
const floor = (folder, allowed) => ({
  name: `floor-${folder.replaceAll('/', '-')}`,
  comment: `${folder}/ may import only from ${[folder, ...allowed].join(', ')}.`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: '^(onnx|service|infra|cli|client|bench)/', pathNot: [folder, ...allowed].map((place) => `^${place}`) },
});

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Files that import each other cannot be understood separately. Move what both need to a third file.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circular-folders',
      comment: 'Folders that import each other are really one folder. Move what both need to a third one.',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    floor('onnx', []),
    floor('service/contract', ['onnx']),
    floor('service/inference', ['onnx', 'service/contract', 'service/errors.ts']),
    floor('service/protocol', ['onnx', 'service/inference', 'service/contract', 'service/errors.ts']),
    floor('service', ['onnx']),
    floor('infra', ['service/contract', 'onnx']),
    floor('client', ['service/contract', 'onnx']),
    floor('cli', ['infra', 'service/contract', 'client', 'onnx']),
    {
      name: 'only-engine-runs-models',
      comment: 'onnx/engine/ is the only importer of onnxruntime-node.',
      severity: 'error',
      from: { path: '^(onnx|service|infra|cli|client)/', pathNot: '^onnx/engine/' },
      to: { path: 'node_modules/onnxruntime' },
    },
    {
      name: 'no-http-below-routes',
      comment: 'HTTP stays in routes/ and middleware/.',
      severity: 'error',
      from: { path: '^service/(inference|protocol)/' },
      to: { path: 'node_modules/(@hono|hono)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Tests may import from anywhere.
    exclude: { path: String.raw`\.(test|case)\.ts$|/fixtures/|^cli/templates/` },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
