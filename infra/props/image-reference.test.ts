import { parseImageReference } from './image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

test.each([
  ['iris-server:v0.1.0', { repository: 'iris-server', tag: 'v0.1.0' }],
  ['iris-server:20261124', { repository: 'iris-server', tag: '20261124' }],
  ['iris-server', { repository: 'iris-server' }],
  ['registry.example.com:5000/team/iris', { repository: 'registry.example.com:5000/team/iris' }],
  ['registry.example.com:5000/team/iris:v1', { repository: 'registry.example.com:5000/team/iris', tag: 'v1' }],
  [`team/iris@${digest}`, { repository: 'team/iris', digest }],
  [`team/iris:v1@${digest}`, { repository: 'team/iris', tag: 'v1', digest }],
  [`team/iris@sha512:${'0'.repeat(128)}`, { repository: 'team/iris', digest: `sha512:${'0'.repeat(128)}` }],
])('%s is parsed', (reference, parts) => {
  expect(parseImageReference(reference)).toEqual(parts);
});

test.each([
  '',
  ':v1',
  'iris:',
  'iris:v 1',
  'iris:-v1',
  'iris@sha256:abc',
  `iris@sha512:${'0'.repeat(64)}`,
  '/iris:v1',
  'a//b:v1',
  'Iris:v1',
  '-iris:v1',
  '_iris:v1',
  'i..s:v1',
  `${'i'.repeat(256)}:v1`,
])('%j is not a valid reference', (reference) => {
  expect(parseImageReference(reference)).toBeUndefined();
});
