import { ServiceError } from '../../errors.ts';
import { formatValue } from '../../inference/format-value.ts';
import { mediaType } from '../../protocol/media-type.ts';
import { FORM_TYPE, imageTypes } from '../../protocol/predictions/uploads.ts';
import type { ExchangeRequest } from '../exchange.ts';

/** Checks that a body is declared as JSON. @throws {ServiceError} `unsupported-media-type` */
export function checkJson({ header }: Pick<ExchangeRequest, 'header'>): void {
  const declared = header('content-type');
  // What nearly every client sends, without splitting it.
  if (declared === 'application/json') return;
  const type = mediaType(declared);
  if (type === 'application/json' || type.endsWith('+json')) return;
  throw new ServiceError(
    'unsupported-media-type',
    `The Content-Type is ${type || 'missing'}. Send JSON with the header "Content-Type: application/json".`,
  );
}

/**
 * Checks that a body is declared as JSON, as an image or as a form, for a model that has images.
 *
 * @throws {ServiceError} `unsupported-media-type`
 */
export function checkUpload({ header }: Pick<ExchangeRequest, 'header'>): void {
  const type = mediaType(header('content-type'));
  if (type === FORM_TYPE || type.endsWith('+json') || accepted.includes(type)) return;
  throw new ServiceError(
    'unsupported-media-type',
    `The Content-Type is ${type === '' ? 'missing' : formatValue(type)}. ` +
      'Send a JPEG, PNG or WebP with its own type, such as image/jpeg; or multipart/form-data; or JSON.',
  );
}

const accepted: readonly string[] = ['application/json', ...imageTypes];

/**
 * Checks the headers of an `infer` request, whose Content-Type may be JSON, bytes or missing.
 *
 * @throws {ServiceError}
 */
export function checkInferContent({ header }: Pick<ExchangeRequest, 'header'>): void {
  const type = mediaType(header('content-type'));
  if (type !== '' && type !== 'application/json' && type !== 'application/octet-stream' && !type.endsWith('+json')) {
    throw new ServiceError(
      'unsupported-media-type',
      `The Content-Type is ${formatValue(type)}, ` +
        'expected application/json, or application/octet-stream if binary tensors follow the JSON.',
    );
  }
}
