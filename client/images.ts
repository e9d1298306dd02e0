import type { ServiceRequest } from './transport.ts';

/** The bytes of an image for a model that takes one: a JPEG, PNG or WebP. A `File` is a `Blob`. */
export type ImageFile = Blob | Uint8Array | ArrayBuffer;

const isImageFile = (input: unknown): input is ImageFile =>
  input instanceof Blob || input instanceof ArrayBuffer || ArrayBuffer.isView(input);

/**
 * Returns the body of a request that is an image, and its type; undefined for what is not one. The service finds out by
 * the bytes which kind of image it is, so any type will do if a Blob has none.
 */
export function imageRequest(input: unknown): Pick<ServiceRequest, 'body' | 'headers'> | undefined {
  if (!isImageFile(input)) return undefined;
  const type = input instanceof Blob && input.type.startsWith('image/') ? input.type : 'image/jpeg';
  return { body: input as NonNullable<ServiceRequest['body']>, headers: { 'content-type': type } };
}
