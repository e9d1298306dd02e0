import { arrow, box, frame, label, picture, type Tone } from './drawing.ts';

/** Returns the pictures of the tutorial, by the names of their files in docs/tutorial/. */
export const pictures = (): Readonly<Record<string, string>> => ({
  layers: layers(),
  ports: ports(),
  service: service(),
  'rolling-update': rollingUpdate(),
});

function layers(): string {
  const shared = { x: 40, w: 460, h: 46 };
  const below = { x: 525, w: 0, h: 0 };
  return picture(760, 330, 'Two images that share all layers but the one on top', [
    label({ x: 150, y: 34 }, 'hello:v1', 'strong', 'middle'),
    label({ x: 390, y: 34 }, 'hello:v2', 'strong', 'middle'),
    box({ x: 40, y: 48, w: 220, h: 56 }, 'accent', 'COPY . ./', 'says “Hello”'),
    box({ x: 280, y: 48, w: 220, h: 56 }, 'accent', 'COPY . ./', 'says “Good morning”'),
    box({ ...shared, y: 114 }, 'plain', 'WORKDIR /app'),
    box({ ...shared, y: 170 }, 'plain', 'Node 24'),
    box({ ...shared, y: 226 }, 'plain', 'Debian 12: a shell, libraries, certificates'),
    label({ ...below, y: 72 }, 'one layer for each image:'),
    label({ ...below, y: 90 }, 'less than a kilobyte'),
    label({ ...below, y: 142 }, 'made once, CACHED after that'),
    label({ ...below, y: 212 }, 'the base image in FROM:'),
    label({ ...below, y: 230 }, 'downloaded once,'),
    label({ ...below, y: 248 }, 'shared by all images on it'),
    label({ x: 270, y: 305 }, 'Each layer holds only what differs from the layers below it.', 'muted', 'middle'),
  ]);
}

function ports(): string {
  return picture(760, 300, 'Two ports of your machine lead to port 8000 of one container each', [
    frame({ x: 16, y: 16, w: 728, h: 268 }, 'your machine'),
    box({ x: 36, y: 128, w: 120, h: 56 }, 'plain', 'curl', 'or a browser'),
    box({ x: 205, y: 76, w: 90, h: 48 }, 'accent', '8080'),
    box({ x: 205, y: 190, w: 90, h: 48 }, 'accent', '8081'),
    frame({ x: 500, y: 40, w: 220, h: 104 }, 'container hello_1'),
    box({ x: 455, y: 76, w: 90, h: 48 }, 'accent', '8000'),
    box({ x: 565, y: 76, w: 135, h: 48 }, 'good', 'server.mjs'),
    frame({ x: 500, y: 154, w: 220, h: 104 }, 'container hello_2'),
    box({ x: 455, y: 190, w: 90, h: 48 }, 'accent', '8000'),
    box({ x: 565, y: 190, w: 135, h: 48 }, 'good', 'server.mjs'),
    arrow({ x: 156, y: 146 }, { x: 203, y: 106 }),
    arrow({ x: 156, y: 164 }, { x: 203, y: 208 }),
    arrow({ x: 295, y: 100 }, { x: 453, y: 100 }, '-p 8080:8000'),
    arrow({ x: 295, y: 214 }, { x: 453, y: 214 }, '-p 8081:8000'),
  ]);
}

function service(): string {
  return picture(760, 340, 'A Service sends requests to the pods that are ready', [
    box({ x: 20, y: 130, w: 130, h: 56 }, 'plain', 'curl', 'localhost:8080'),
    frame({ x: 200, y: 16, w: 540, h: 308 }, 'the cluster'),
    box({ x: 225, y: 122, w: 150, h: 72 }, 'accent', 'Service iris', 'one address,', 'always the same'),
    frame({ x: 480, y: 34, w: 240, h: 96 }, 'node rhizome-worker'),
    box({ x: 500, y: 70, w: 200, h: 48 }, 'good', 'pod', 'ready'),
    frame({ x: 480, y: 142, w: 240, h: 158 }, 'node rhizome-worker2'),
    box({ x: 500, y: 178, w: 200, h: 48 }, 'good', 'pod', 'ready'),
    box({ x: 500, y: 238, w: 200, h: 48 }, 'faint', 'pod', 'starting: not ready yet'),
    arrow({ x: 150, y: 158 }, { x: 223, y: 158 }),
    arrow({ x: 375, y: 146 }, { x: 498, y: 96 }),
    arrow({ x: 375, y: 170 }, { x: 498, y: 200 }),
    label({ x: 225, y: 262 }, 'The probes decide which'),
    label({ x: 225, y: 280 }, 'pods get requests.'),
  ]);
}

interface Pod {
  readonly version: 'old' | 'new';
  readonly state: 'ready' | 'starting' | 'stopping';
}

function rollingUpdate(): string {
  const frames: readonly (readonly [text: readonly string[], pods: readonly Pod[]])[] = [
    [['1. Two old pods serve.'], [pod('old'), pod('old')]],
    [
      ['2. A new pod starts.', 'It gets no requests yet.'],
      [pod('old'), pod('old'), pod('new', 'starting')],
    ],
    [
      ['3. It is ready.', 'Only now, an old pod is stopped.'],
      [pod('old', 'stopping'), pod('old'), pod('new')],
    ],
    [
      ['4. The same again.', 'Two new pods serve.'],
      [pod('new'), pod('new')],
    ],
  ];
  return picture(
    760,
    520,
    'A rolling update in four frames',
    frames.flatMap(([text, pods], index) => {
      const [left, top] = [16 + (index % 2) * 370, 16 + Math.floor(index / 2) * 250];
      return [
        frame({ x: left, y: top, w: 358, h: 238 }, ...text),
        box({ x: left + 119, y: top + 62, w: 120, h: 40 }, 'accent', 'Service'),
        ...pods.flatMap(({ version, state }, at) => {
          const x = left + 14 + at * 113 + (pods.length === 2 ? 56 : 0);
          const tone: Tone = state === 'ready' ? 'good' : 'faint';
          return [
            box({ x, y: top + 156, w: 104, h: 62 }, tone, `${version} pod`, state),
            ...(state === 'ready'
              ? [arrow({ x: left + 179 + (x - left - 127) * 0.3, y: top + 102 }, { x: x + 52, y: top + 153 })]
              : []),
          ];
        }),
      ];
    }),
  );
}

function pod(version: Pod['version'], state: Pod['state'] = 'ready'): Pod {
  return { version, state };
}
