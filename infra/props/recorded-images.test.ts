import { App, Testing } from 'cdk8s';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, only, synthesized, type Manifest } from '../fixtures/manifests.ts';
import { productionProfile } from '../profiles/production.ts';
import type { Rollout } from '../rollouts/rollout.ts';
import { synthesize } from '../synthesize.ts';
import type { PredictionServiceProps } from './prediction-service-props.ts';
import { readRecordedImages, recordedImage } from './recorded-images.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const image = 'registry.example/iris-server:v1';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rhizome-images-'));
  mkdirSync(join(folder, 'infra'));
  file = join(folder, 'infra/images.json');
  writeFileSync(file, JSON.stringify({ [image]: { digest, platforms: ['linux/amd64'] } }));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('an image that was pushed gets its digest; another one, and one that has a digest, stay', () => {
  const other = `registry.example/iris-server:v1@sha256:${'f'.repeat(64)}`;
  expect([image, 'registry.example/iris-server:v2', other].map((name) => recordedImage(name, file).image)).toEqual([
    `${image}@${digest}`,
    'registry.example/iris-server:v2',
    other,
  ]);
  expect(readRecordedImages(join(folder, 'missing.json'))).toEqual({});
});

test('the platforms of an image that was pushed are those that were recorded, with its digest too', () => {
  const platforms = ['linux/amd64'];
  expect(recordedImage(`${image}@${digest}`, file)).toEqual({ image: `${image}@${digest}`, platforms });
  const replaced = `${image}@sha256:${'f'.repeat(64)}`;
  expect(recordedImage(replaced, file)).toEqual({ image: replaced });
});

test.each([
  ['{', 'the file: .* is not JSON'],
  ['[]', 'the file: .* is not an object with images'],
  ['{"a:v1": {"digest": "sha256:1", "platforms": ["linux/amd64"]}}', 'a:v1: .* is not an image with its digest'],
  [`{"a:v1": {"digest": "${digest}"}}`, 'a:v1: .* is not an image with its digest'],
  [`{"a:v1": {"digest": "${digest}", "platforms": ["linux"]}}`, 'a:v1: .* is not an image with its digest'],
])('a file that was damaged is refused: %s', (content, message) => {
  writeFileSync(file, content);
  expect(() => recordedImage(image, file)).toThrow(new RegExp(message));
});

describe('requireDigest', () => {
  const service = (props: Partial<PredictionServiceProps>) => () =>
    synthesized((chart) => new PredictionService(chart, 'service', { ...minimalProps, requireDigest: true, ...props }));

  test('refuses a tag without a digest, and says how to get one', () => {
    expect(service({ image })).toThrow(/image: "registry\.example\/iris-server:v1" has no digest/);
    expect(service({ image })).toThrow(/\n +Push it with `rhizome build --push`.*unpinnedImage/);
    expect(service({ image: `${image}@${digest}` })).not.toThrow();
    expect(service({ image, requireDigest: false })).not.toThrow();
  });

  test('is waived by a reason, which the Deployment shows; an empty one does not count', () => {
    const annotations = (given: string) =>
      at(only(service({ image: given, unpinnedImage: 'for a demo' })(), 'Deployment'), 'metadata.annotations');
    expect(annotations(image)).toEqual({ 'rhizome-kit/unpinned-image': 'for a demo' });
    expect(annotations(`${image}@${digest}`)).toBeUndefined();
    expect(service({ image, unpinnedImage: ' ' })).toThrow(/unpinnedImage: " " gives no reason/);
  });
});

describe('synthesize', () => {
  const { cwd, env } = { cwd: process.cwd(), env: process.env };
  beforeEach(() => {
    process.chdir(folder);
    process.env = { ...env, RHIZOME_IMAGE: '', RHIZOME_ENVIRONMENT: '' };
  });
  afterEach(() => {
    process.chdir(cwd);
    process.env = env;
    process.exitCode = undefined;
  });

  /** Returns the images of the environments, or the error that synthesis prints. */
  function images(props: Readonly<Record<string, Partial<PredictionServiceProps>>>): Record<string, unknown> | string {
    const errors: string[] = [];
    const print = jest.spyOn(console, 'error').mockImplementation((line: string) => errors.push(line));
    const app = new App({ outdir: join(folder, 'out') });
    synthesize(app, () =>
      Object.fromEntries(Object.entries(props).map(([name, own]) => [name, { ...minimalProps, ...own }])),
    );
    print.mockRestore();
    if (errors.length > 0) return errors.join('\n');
    return Object.fromEntries(
      app.charts.map((chart) => [
        chart.node.id,
        at(only(Testing.synth(chart) as never, 'Deployment'), 'spec.template.spec.containers.0.image'),
      ]),
    );
  }

  test('adds the recorded digest where one is required', () => {
    expect(images({ local: { image }, production: { ...productionProfile, image } })).toEqual({
      local: image,
      production: `${image}@${digest}`,
    });
  });

  test('refuses an image that was not pushed, unless only another environment is deployed', () => {
    const props = { local: {}, production: { ...productionProfile, image: 'registry.example/iris-server:v2' } };
    expect(images(props)).toMatch(/v2" has no digest/);
    process.env.RHIZOME_ENVIRONMENT = 'local';
    expect(images(props)).toEqual({ local: 'iris-server:v0.1.0', production: 'registry.example/iris-server:v2' });
    process.env.RHIZOME_ENVIRONMENT = 'production';
    expect(images(props)).toMatch(/v2" has no digest/);
    process.env.RHIZOME_IMAGE = image;
    expect(images(props)).toEqual({ local: 'iris-server:v0.1.0', production: `${image}@${digest}` });
  });

  describe('with a rollout', () => {
    const [armImage, otherImage] = ['registry.example/iris-server:arm', `registry.example/other@${digest}`];
    beforeEach(() => {
      const pushed = {
        [image]: { digest, platforms: ['linux/amd64'] },
        [armImage]: { digest, platforms: ['linux/arm64'] },
      };
      writeFileSync(file, JSON.stringify(pushed));
    });

    /** Returns the image and the architectures of each Deployment of an environment, or the error. */
    function deployments(rollout: Rollout, own: Partial<PredictionServiceProps> = {}): object | string {
      let error = '';
      const print = [jest.spyOn(console, 'log').mockReturnValue()];
      print.push(jest.spyOn(console, 'error').mockImplementation((line: string) => (error = line)));
      const app = new App({ outdir: join(folder, 'out') });
      synthesize(app, () => ({ production: { ...productionProfile, ...minimalProps, image, rollout, ...own } }));
      for (const spy of print) spy.mockRestore();
      if (error !== '') return error;
      const manifests = app.charts.flatMap((chart) => Testing.synth(chart) as Manifest[]);
      return Object.fromEntries(
        manifests
          .filter(({ kind }) => kind === 'Deployment')
          .map(({ metadata, spec }) => [
            metadata.name.replace('iris-server', 'service'),
            [
              at(spec, 'template.spec.containers.0.image'),
              /arch","operator":"In","values":\[([^\]]*)\]/.exec(JSON.stringify(spec))?.[1],
            ],
          ]),
      );
    }
    const [amd, arm] = ['"amd64"', '"arm64"'];
    const own = [`${image}@${digest}`, amd];

    test('a canary and a shadow get the digest and the platforms of their own images', () => {
      const rollout = { canary: { image: armImage, weight: 33 }, shadow: { image: armImage } };
      const expected = [`${armImage}@${digest}`, arm];
      expect(deployments(rollout)).toEqual({ service: own, 'service-canary': expected, 'service-shadow': expected });
      expect(deployments({ canary: { weight: 33 }, shadow: {} })).toEqual({
        service: own,
        'service-canary': own,
        'service-shadow': own,
      });
      expect(deployments({ shadow: { image: 'registry.example/iris-server:v2' } })).toMatch(/v2" has no digest/);
    });

    test('platforms that were not recorded are those of the props, and never those of another image', () => {
      const rollout = (platforms?: readonly string[]) => ({
        shadow: { image: otherImage, ...(platforms && { platforms }) },
      });
      expect(deployments(rollout())).toMatchObject({ 'service-shadow': [otherImage, undefined] });
      expect(deployments(rollout(['linux/arm64']))).toMatchObject({ 'service-shadow': [otherImage, arm] });
      expect(deployments(rollout(), { platforms: ['linux/amd64'] })).toMatchObject({
        'service-shadow': [otherImage, amd],
      });
      const gpu = deployments({ shadow: { image: otherImage } }, { accelerator: 'cuda' });
      expect(gpu).toMatchObject({ 'service-shadow': [otherImage, amd] });
    });
  });
});
