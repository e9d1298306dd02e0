import { createRequire } from 'node:module';

// Jest starts the largest files first if it does not know how long they took, as on CI. Size says little about time:
// these start processes, or send 100,000 requests. Started last, each would run alone at the end while the other core
// idles.
const slowest = [
  'e2e/node/chaos',
  'cli/commands/chaos',
  'service/bad-input',
  'e2e/node/onnx-vectors',
  'e2e/node/package',
  'e2e/node/up',
  'e2e/node/first-screen',
  'cli/commands/up-cluster',
  'cli/local/runtime',
  'cli/main',
  'e2e/node/models',
  'cli/commands/types',
  'e2e/node/dev',
  'e2e/node/monitoring',
  'cli/commands/add',
  'service/main',
  'cli/commands/predict',
];

const require = createRequire(import.meta.url);
// Jest's own, of the version that runs.
const { default: Sequencer } = require(require.resolve('@jest/test-sequencer', { paths: [require.resolve('jest')] }));

const rank = ({ path }) => {
  const index = slowest.findIndex((name) => path.includes(name));
  return index === -1 ? slowest.length : index;
};

export default class SlowestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}
