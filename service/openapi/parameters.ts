import { requestHeaders } from '../contract/index.ts';
import type { Json } from '../protocol/json-schemas.ts';

/** The header that shortens the time for a request that runs a model. */
export const timeoutParameter: Json = {
  name: requestHeaders.timeout,
  in: 'header',
  required: false,
  description:
    'How long the caller waits for the response, in milliseconds. After this time, or after the timeout of the ' +
    'service if it is shorter, the request is not run any more, and the response is 504.',
  schema: { type: 'integer', minimum: 1, maximum: 999_999_999 },
};
