import type { Feature } from '../../../onnx/signature/features.ts';
import { ServiceError } from '../../errors.ts';
import { checkPlain } from '../json.ts';
import { isObject, pointerTo } from '../issue-list.ts';
import { mediaType } from '../media-type.ts';
import { readMultipart } from './multipart.ts';

/** The Content-Types of a body that is one image. */
export const imageTypes = ['image/jpeg', 'image/png', 'image/webp'] as const;
export const FORM_TYPE = 'multipart/form-data';

/** Returns whether a model accepts bodies that are images or forms. */
export const acceptsUploads = (features: readonly Feature[]): boolean => features.some(isImage);

/** The image of a body that is one. Undefined if the model has several. */
export function onlyImage(features: readonly Feature[]): Feature | undefined {
  const [image, ...others] = features.filter(isImage);
  return others.length === 0 ? image : undefined;
}

/** Returns whether requests have an image in place of a tensor. */
export const isImage = ({ decode }: Feature): boolean => decode?.image !== undefined;

/**
 * Reads a body that is an image or a form, as the object that JSON would be: images are bytes.
 *
 * @param contentType the header of the request
 * @returns undefined if it is JSON
 * @throws {ServiceError} `invalid-multipart` or `invalid-input`
 */
export function readUpload(
  features: readonly Feature[],
  bytes: Uint8Array,
  contentType: string,
): Readonly<Record<string, unknown>> | undefined {
  const type = mediaType(contentType);
  if (type.startsWith('image/')) return readImage(features, bytes);
  return type === FORM_TYPE ? readForm(features, bytes, contentType) : undefined;
}

/** Returns a body as JSON has it, for logs. */
export function withBase64(body: unknown): unknown {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64');
  if (!isObject(body)) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, value instanceof Uint8Array ? withBase64(value) : value]),
  );
}

function readImage(features: readonly Feature[], bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const image = onlyImage(features);
  if (image !== undefined) return { [image.name]: bytes };
  const names = features.filter(isImage).map(({ name }) => name);
  throw new ServiceError(
    'invalid-input',
    `The body is one image, but the model has ${names.length}: ${names.join(', ')}. ` +
      `Send them as ${FORM_TYPE}, or as JSON with images in base64.`,
  );
}

function readForm(
  features: readonly Feature[],
  bytes: Uint8Array,
  contentType: string,
): Readonly<Record<string, unknown>> {
  const body = new Map<string, unknown>();
  for (const { name, content } of readMultipart(bytes, contentType)) {
    if (body.has(name))
      throw new ServiceError('invalid-input', `The form has several parts with the name '${name}'. Send one row.`, {
        issues: [{ pointer: pointerTo(name), detail: 'The field is repeated.' }],
      });
    body.set(name, fieldOf(features, name, content));
  }
  return Object.fromEntries(body);
}

/** Returns the value of a field: bytes for an image, text for a text, and otherwise what the text is as JSON. */
function fieldOf(features: readonly Feature[], name: string, content: Buffer): unknown {
  const feature = features.find((each) => each.name === name);
  if (feature !== undefined && isImage(feature)) return content;
  checkPlain(content);
  const text = content.toString('utf8');
  if (feature?.dtype === 'string' && feature.shape.length === 0) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
