import { ServiceError } from '../errors.ts';

/** Returns the error for a body that is too large. */
export function tooLarge(maxBytes: number): ServiceError {
  return new ServiceError(
    'body-too-large',
    `The body is larger than ${maxBytes} bytes (MAX_BODY_BYTES). Send fewer rows per request.`,
  );
}
