import type { ImageDecode, Size } from '../../signature/image.ts';

/** How an image comes to the size of a tensor. All sizes are height and width, and so are offsets. */
export interface ImagePlacement {
  /** The size of the whole image after resizing. */
  readonly resized: Size;
  /** Where the part that is used starts in the resized image. */
  readonly from: Size;
  /** Where it starts in the tensor. */
  readonly to: Size;
}

/** Rounds halves to even numbers, as Python does. */
function round(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

/**
 * Returns where the pixels of an image go, as torchvision's `Resize` and `CenterCrop`, and Pillow's `ImageOps.pad` do.
 *
 * @param image the image's size, which is at least 1 × 1
 */
export function placeImage(image: Size, { fit, resize, crop, centering }: ImageDecode): ImagePlacement {
  const [height, width] = image;
  const [toHeight, toWidth] = resize;
  const rounded = centering === 'floor' ? Math.floor : round;
  /** Returns where the smaller of two sizes starts if it is in the center of the larger one. */
  const centerOf = (larger: Size, smaller: Size): Size => [
    rounded((larger[0] - smaller[0]) / 2),
    rounded((larger[1] - smaller[1]) / 2),
  ];
  /** Whether the width determines the size, as opposed to the height. */
  const byWidth = width * toHeight <= height * toWidth === (fit === 'crop');
  switch (fit) {
    case 'stretch':
      return { resized: resize, from: centerOf(resize, crop), to: [0, 0] };
    case 'crop': {
      const resized: Size = byWidth
        ? [Math.max(toHeight, Math.floor((toWidth * height) / width)), toWidth]
        : [toHeight, Math.max(toWidth, Math.floor((toHeight * width) / height))];
      return { resized, from: centerOf(resized, crop), to: [0, 0] };
    }
    case 'pad': {
      const resized: Size = byWidth
        ? [Math.max(1, Math.min(toHeight, round((height / width) * toWidth))), toWidth]
        : [toHeight, Math.max(1, Math.min(toWidth, round((width / height) * toHeight)))];
      return { resized, from: [0, 0], to: centerOf(crop, resized) };
    }
  }
}
