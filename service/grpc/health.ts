import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ServiceError } from '../errors.ts';
import { formatValue } from '../inference/format-value.ts';
import type { Calls } from './calls.ts';
import { services } from './protos.ts';

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
export function healthMethods(ready: () => Promise<boolean>, calls: Calls): UntypedServiceImplementation {
  const statusOf = async ({ service = '' }: HealthCheckRequest): Promise<HealthCheckResponse['status']> => {
    if (service !== '' && service !== services.inference) return 'SERVICE_UNKNOWN';
    return (await ready()) ? 'SERVING' : 'NOT_SERVING';
  };

  /** Sends the state, and again whenever it changes, until the call ends. */
  const watch = async (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>): Promise<void> => {
    const over = new AbortController();
    void once(call, 'cancelled').then(() => {
      over.abort();
    });
    for (let told: string | undefined; !over.signal.aborted;) {
      const status = await statusOf(call.request);
      if (status !== told && call.writable) call.write({ status });
      told = status;
      await delay(WATCH_MILLISECONDS, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
    }
  };

  return {
    Check: calls.unary(async (request: HealthCheckRequest): Promise<HealthCheckResponse> => {
      const status = await statusOf(request);
      if (status === 'SERVICE_UNKNOWN')
        throw new ServiceError(
          'model-not-found',
          `There is no service ${formatValue(request.service)}. Use ${services.inference}, or no name.`,
        );
      return { status };
    }),
    Watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) => {
      void watch(call);
    },
  };
}
