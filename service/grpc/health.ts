import { ServiceError } from '../errors.ts';
import { formatValue } from '../inference/format-value.ts';
import type { Method } from './method.ts';
import { services, unary } from './protos.ts';
import { isKnown, Watchers, type HealthCheckRequest, type HealthCheckResponse, type WatchLimits } from './watchers.ts';

/** The methods of grpc.health.v1. SERVING means the same as ready in `GET /readyz`. */
export function healthMethods(ready: () => Promise<boolean>, limits: WatchLimits): readonly Method[] {
  const watchers = new Watchers(ready, limits);
  return [
    unary(
      'health',
      'Check',
      async ({ service = '' }: HealthCheckRequest): Promise<HealthCheckResponse> => {
        if (!isKnown(service))
          throw new ServiceError(
            'model-not-found',
            `There is no service ${formatValue(service)}. Use ${services.inference}, or no name.`,
          );
        return { status: (await ready()) ? 'SERVING' : 'NOT_SERVING' };
      },
      true,
    ),
    { path: `/${services.health}/Watch`, open: true, endless: true, stream: (call) => watchers.open(call) },
  ];
}
