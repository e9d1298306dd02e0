import { kindCreateProgress } from '../tools/kind.ts';
import { buildProgress } from './build-progress.ts';
import { pushProgress } from './push-progress.ts';

const dockerfile = `ARG NODE_IMAGE=node:24
FROM \${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json ./
RUN npm ci \\
 && npm cache clean

FROM \${NODE_IMAGE}
COPY --from=dependencies /app /app
ENV NODE_ENV=production
CMD ["node", "service/main.js"]
`;

/** The shares that are shown for some lines, without those that say nothing. */
const shares = (share: (line: string) => number | undefined, lines: readonly string[]): number[] =>
  lines.map(share).filter((each) => each !== undefined);

test('a build with BuildKit: a step counts once it is done or cached', () => {
  const lines = [
    '#1 [internal] load build definition from Dockerfile',
    '#1 DONE 0.0s',
    '#3 [internal] load metadata for docker.io/library/node:24',
    '#3 DONE 0.0s',
    '#4 [dependencies 1/4] FROM docker.io/library/node:24',
    '#4 CACHED',
    '#5 [dependencies 2/4] WORKDIR /app',
    '#5 DONE 0.1s',
    '#6 [dependencies 3/4] COPY package.json ./',
    '#6 DONE 0.1s',
    '#7 [dependencies 4/4] RUN npm ci  && npm cache clean',
    '#7 0.512 added 12 packages in 1s',
    '#7 [dependencies 4/4] RUN npm ci  && npm cache clean',
    '#7 DONE 9.1s',
    '#8 [stage-1 2/2] COPY --from=dependencies /app /app',
    '#8 DONE 0.3s',
    '#9 exporting to image',
    '#9 DONE 0.2s',
  ];
  const shown = shares(buildProgress(dockerfile), lines);
  expect(shown).toEqual(shown.toSorted((a, b) => a - b));
  expect([...new Set(shown)]).toEqual([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]);
});

test.each([
  [
    "Docker's builder",
    ['Step 1/8 : ARG NODE_IMAGE=node:24', ' ---> 1a2b3c', 'Step 2/8 : FROM node:24 AS dependencies'],
  ],
  ["podman's builder", ['[1/2] STEP 1/4: FROM node:24 AS dependencies', '--> 1a2b3c', '[1/2] STEP 2/4: WORKDIR /app']],
])('a build with %s counts each step that it begins', (_, lines) => {
  expect(shares(buildProgress(dockerfile), lines)).toEqual([1 / 6, 2 / 6]);
});

test('a Dockerfile that cannot be read shows no share', () => {
  expect(shares(buildProgress(''), ['#4 [1/2] FROM node:24', '#4 DONE 0.1s'])).toEqual([]);
});

test('a push counts layers that the registry has', () => {
  const [one, other] = ['0123456789ab', 'ba9876543210'];
  const lines = [
    'The push refers to repository [registry.example/iris-server]',
    `${one}: Preparing`,
    `${other}: Preparing`,
    `${other}: Layer already exists`,
    `${one}: Pushed`,
    `v1: digest: sha256:${'0'.repeat(64)} size: 1234`,
  ];
  expect(shares(pushProgress(), lines)).toEqual([0, 0, 0.5, 1]);
});

test('a cluster counts the parts that kind reports', () => {
  const parts = [
    'Ensuring node image (kindest/node:v1.36.0) 🖼',
    'Preparing nodes 📦 📦 📦',
    'Writing configuration 📜',
    'Starting control-plane 🕹️',
    'Installing CNI 🔌',
    'Installing StorageClass 💾',
    'Joining worker nodes 🚜',
    'Waiting ≤ 2m0s for control-plane = Ready ⏳',
  ];
  const lines = [
    'Creating cluster "rhizome" ...',
    ...parts.flatMap((part) => [` • ${part}  ...`, ` ✓ ${part}`]),
    ' • Ready after 15s 💚',
  ];
  expect(shares(kindCreateProgress(), lines).at(-1)).toBe(1);
});
