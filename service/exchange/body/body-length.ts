import { paths } from '../../contract/index.ts';
import { ServiceError } from '../../errors.ts';
import { adviceFor, rowBytes } from '../../inference/repository/body-size.ts';
import type { LoadedEntry } from '../../inference/repository/entry.ts';
import type { ResolvedRoute } from '../model-routes.ts';

/**
 * Returns the error for a body that is too large.
 *
 * @param route of the request, if it runs a model
 */
export function tooLarge(maxBytes: number, route?: ResolvedRoute): ServiceError {
  return new ServiceError(
    'body-too-large',
    `The body is larger than ${maxBytes} bytes (MAX_BODY_BYTES). ${
      route === undefined
        ? 'Send less in one request, or set a larger MAX_BODY_BYTES.'
        : adviceFor(rowBytes(route.entry.model.signature), maxBytes, inferPath(route.entry), route.isTensors)
    }`,
  );
}

function inferPath({ name, version }: LoadedEntry): string {
  return `${paths.inference}/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}/infer`;
}
