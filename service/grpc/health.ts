import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '../errors.ts';
import { formatValue } from '../inference/format-value.ts';
import type { Method, StreamingCall } from './method.ts';
import { codecOf, services, unary } from './protos.ts';

/** How often a watched state is checked. Readiness does not run the examples more often either. */
const WATCH_MILLISECONDS = 1000;

interface HealthCheckRequest {
  /** The full name of a service. Without it, the whole server is meant, which is the same here. */
  readonly service?: string;
}

interface HealthCheckResponse {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

/** The methods of grpc.health.v1. SERVING means the same as ready in `GET /readyz`. */
export function healthMethods(ready: () => Promise<boolean>): readonly Method[] {
  const statusOf = async ({ service = '' }: HealthCheckRequest): Promise<HealthCheckResponse['status']> => {
    if (service !== '' && service !== services.inference) return 'SERVICE_UNKNOWN';
    return (await ready()) ? 'SERVING' : 'NOT_SERVING';
  };

  /** Sends the state, and again whenever it changes, until the call ends. */
  const watch = async (bytes: Buffer, call: StreamingCall): Promise<void> => {
    const { decode, encode } = await codecOf<HealthCheckRequest, HealthCheckResponse>('health', 'Watch');
    const request = decode(bytes);
    for (let told: string | undefined; !call.abandoned();) {
      const status = await statusOf(request);
      if (status !== told) call.send(encode({ status }));
      told = status;
      await delay(WATCH_MILLISECONDS, undefined, { ref: false });
    }
  };

  return [
    unary(
      'health',
      'Check',
      async (request: HealthCheckRequest): Promise<HealthCheckResponse> => {
        const status = await statusOf(request);
        if (status === 'SERVICE_UNKNOWN')
          throw new ServiceError(
            'model-not-found',
            `There is no service ${formatValue(request.service)}. Use ${services.inference}, or no name.`,
          );
        return { status };
      },
      true,
    ),
    {
      path: `/${services.health}/Watch`,
      open: true,
      endless: true,
      stream: (call) => {
        let watching = false;
        return {
          onMessage: (bytes) => {
            // The method has one request.
            if (watching) return;
            watching = true;
            watch(bytes, call).catch((error: unknown) => {
              call.fail(error);
            });
          },
        };
      },
    },
  ];
}
