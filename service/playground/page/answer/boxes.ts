import type { ModelDescription, PredictionResponse } from '../../../contract/api.ts';
import type { Row } from '../api/messages.ts';
import { h, newId, svg } from '../element.ts';
import { textOf } from '../form/field.ts';
import { dataUrl, type ImageDecode } from '../form/image.ts';
import { formatShare, plural } from '../format.ts';

/** Less likely objects are left out, as usual for pictures of detections. */
const LEAST_SCORE = 0.3;
const MOST_BOXES = 50;

/** The image of a request. */
export interface Picture {
  readonly base64: string;
  readonly decode: ImageDecode;
}

/** Returns the image of a row; undefined if there is none, or several. */
export function pictureIn({ features }: ModelDescription, row: Row): Picture | undefined {
  const pictures = features.flatMap(({ name, decode }) => {
    const base64 = row[name];
    return decode?.image && typeof base64 === 'string' ? [{ base64, decode: decode.image }] : [];
  });
  return pictures.length === 1 ? pictures[0] : undefined;
}

/**
 * Draws the outputs of a detector that are called as torchvision calls them: `boxes` are corners in the model's pixels,
 * and `scores` and `labels` have one element for each. Undefined for other outputs.
 */
export function drawBoxes({ outputs = {} }: PredictionResponse, picture: Picture): HTMLElement | undefined {
  const boxes = matrix(outputs['boxes']);
  const scores = list(outputs['scores']);
  const labels = list(outputs['labels']);
  if (boxes === undefined || scores?.length !== boxes.length) return undefined;
  const found = boxes
    .map((corners, index) => ({ corners, score: Number(scores[index]), label: textOf(labels?.[index]) }))
    .filter(({ score }) => score >= LEAST_SCORE)
    .slice(0, MOST_BOXES)
    .map(({ corners, score, label }) => ({ corners, name: `${label} ${formatShare(score)}`.trim() }));
  const { base64, decode } = picture;
  const [[height, width], [resizedHeight, resizedWidth]] = [decode.crop, decode.resize];
  const fits = { crop: 'xMidYMid slice', stretch: 'none', pad: 'xMidYMid meet' } as const;
  const title = newId();
  const size = width / 32;
  const summary = found.map(({ name }) => name).join(', ');
  const text = `${plural(found.length, 'object')}${found.length > 0 ? `: ${summary}` : ''}`;
  return h(
    'figure',
    { class: 'boxes' },
    svg(
      'svg',
      {
        viewBox: `0 0 ${String(width)} ${String(height)}`,
        preserveAspectRatio: 'xMinYMid',
        'font-size': size,
        'stroke-width': size / 5,
        role: 'img',
        'aria-labelledby': title,
      },
      svg('title', { id: title }, text),
      svg('image', {
        href: dataUrl(base64) ?? '',
        x: (width - resizedWidth) / 2,
        y: (height - resizedHeight) / 2,
        width: resizedWidth,
        height: resizedHeight,
        preserveAspectRatio: fits[decode.fit],
      }),
      ...found.flatMap(({ corners: [left = 0, top = 0, right = 0, bottom = 0] }) => {
        const place = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
        // Two colours, of which one can be seen on any photo.
        return [svg('rect', { ...place, class: 'outline' }), svg('rect', place)];
      }),
      ...found.map(({ corners: [left = 0, top = 0], name }) =>
        // Above the box, so as not to cover what is in it, or inside if there is no space.
        svg('text', { x: left, y: top > 1.4 * size ? top - 0.4 * size : top + 1.2 * size }, name),
      ),
    ),
    h('figcaption', {}, text),
  );
}

function matrix(value: unknown): readonly (readonly number[])[] | undefined {
  const rows = list(value)?.map(list);
  return rows?.every((row) => row?.length === 4) ? (rows as readonly (readonly number[])[]) : undefined;
}

const list = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined);
