import { join } from 'node:path';

// Every command line and service that a test starts compiles the same modules. Compiled once for all of them, they take
// half of the processor time.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node-compile');

// jest-light-runner runs test files in plain Node processes (with one worker, in Jest's own): native ES modules, native type
// stripping, and one realm, without which onnxruntime-node refuses Jest's typed arrays. It enforces no time-outs: every
// wait in a test has its own.
const project = (displayName, testMatch) => ({
  displayName,
  testMatch: testMatch.map((glob) => `<rootDir>/${glob}`),
  runner: 'jest-light-runner/child-process',
  moduleFileExtensions: ['ts', 'js', 'json'],
  modulePathIgnorePatterns: ['<rootDir>/.rhizome/', '<rootDir>/dist/'],
  transform: {},
});

export default {
  testSequencer: './jest.sequencer.js',
  projects: [
    // Needs only Node.
    project('node', ['{onnx,service,infra,cli,client}/**/*.test.ts', 'e2e/node/**/*.test.ts']),
    // Needs Docker, and kind and kubectl too in cluster/; skips by name what a machine lacks.
    project('e2e', ['e2e/{container,cluster}/**/*.test.ts']),
  ],
};
