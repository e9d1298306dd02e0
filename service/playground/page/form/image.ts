import type { FeatureDescription } from '../../../contract/api.ts';
import { createDropZone } from '../drop-zone.ts';
import { h } from '../element.ts';
import type { Control } from './field.ts';

export type ImageDecode = NonNullable<NonNullable<FeatureDescription['decode']>['image']>;

/** How the base64 of a file of each type begins. */
const types = { '/9j/': 'image/jpeg', iVBOR: 'image/png', UklGR: 'image/webp' } as const;

/** Returns the address of an image in base64; undefined if it is of no type that the service decodes. */
export function dataUrl(base64: string): string | undefined {
  const type = Object.entries(types).find(([start]) => base64.startsWith(start))?.[1];
  return type && `data:${type};base64,${base64}`;
}

/** An image: dropped, chosen or pasted. The request has it in base64. */
export function imageControl({ crop: [height, width] }: ImageDecode): Control {
  let base64: string | undefined;
  const preview = h('img', { class: 'preview', alt: 'The chosen image', hidden: true });
  const show = (value: string | undefined): void => {
    base64 = value;
    const url = value === undefined ? undefined : dataUrl(value);
    preview.hidden = url === undefined;
    if (url !== undefined) preview.src = url;
  };
  const zone = createDropZone('Drop or paste an image here', Object.values(types).join(), (file) => {
    void toBase64(file).then((value) => {
      show(value);
      body.dispatchEvent(new Event('input', { bubbles: true }));
    });
  });
  const body = h('div', { class: 'image' }, preview, zone.element);
  return {
    input: zone.input,
    body,
    hint: `JPEG, PNG or WebP. The model gets ${String(width)} × ${String(height)} pixels.`,
    paste: zone.open,
    read: () => base64,
    write: (value) => {
      show(typeof value === 'string' ? value : undefined);
    },
  };
}

async function toBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  // In parts, because each byte is an argument.
  const parts = Array.from({ length: Math.ceil(bytes.length / 0x8000) }, (_, index) =>
    String.fromCharCode(...bytes.subarray(index * 0x8000, (index + 1) * 0x8000)),
  );
  return btoa(parts.join(''));
}
