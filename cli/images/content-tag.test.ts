import { contentHash, type InspectedImage } from './content-tag.ts';

const image: InspectedImage = {
  Architecture: 'amd64',
  Size: 1,
  RootFS: { Layers: ['sha256:a', 'sha256:b'] },
  Config: {
    Cmd: ['node', 'service/main.js'],
    Env: ['NODE_ENV=production'],
    User: '10001',
    WorkingDir: '/app',
    Labels: { revision: '1' },
  },
};

test('the content tag changes if, and only if, what runs changes', () => {
  const hash = contentHash(image);
  expect(hash).toMatch(/^[0-9a-f]{12}$/);
  const same: InspectedImage = { ...image, Size: 2, Config: { ...image.Config, Labels: { revision: '2' } } };
  expect(contentHash(same)).toBe(hash);
  const others: InspectedImage[] = [
    { ...image, Architecture: 'arm64' },
    { ...image, RootFS: { Layers: ['sha256:a', 'sha256:c'] } },
    { ...image, Config: { ...image.Config, Cmd: ['bash'] } },
    { ...image, Config: { ...image.Config, Env: [] } },
    { ...image, Config: { ...image.Config, User: '0' } },
  ];
  expect(new Set([hash, ...others.map(contentHash)]).size).toBe(others.length + 1);
});
