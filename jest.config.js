import { availableParallelism } from 'node:os';
import { join } from 'node:path';

// Every command line and service that a test starts compiles the same modules. A shared cache halves the time that
// takes on the processor.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node-compile');

// jest-light-runner, in jest.runner.js, runs test files in plain Node processes (with one worker, in Jest's own
// process): native ES modules, native type stripping, and one realm, since onnxruntime-node rejects typed arrays of
// another one. It enforces no timeouts, so every wait in a test has its own.
const project = (displayName, testMatch) => ({
  displayName,
  testMatch: testMatch.map((glob) => `<rootDir>/${glob}`),
  runner: '<rootDir>/jest.runner.js',
  moduleFileExtensions: ['ts', 'js', 'json'],
  modulePathIgnorePatterns: ['<rootDir>/.rhizome/', '<rootDir>/dist/'],
  transform: {},
  setupFiles: ['<rootDir>/jest.setup.js'],
});

export default {
  // Tests mostly wait for the processes that they start, so there is room for more files at a time than cores.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testSequencer: './jest.sequencer.js',
  projects: [
    // Needs nothing but Node.
    project('node', ['{onnx,service,infra,cli,client,bench}/**/*.test.ts', 'e2e/node/**/*.test.ts']),
    // Needs Docker, and for cluster/ also kind and kubectl. Tests whose tools are missing are skipped, with the reason.
    project('e2e', ['e2e/{board,container,cluster,hostile}/**/*.test.ts']),
  ],
};
