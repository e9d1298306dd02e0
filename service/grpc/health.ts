import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ServiceError } from '../errors.ts';
import { shown } from '../inference/format-value.ts';
import type { Calls } from './calls.ts';
import { services } from './protos.ts';

/** How often a watched state is looked at. Readiness runs the examples no more often, whoever asks. */
const WATCH_MILLISECONDS = 1000;

interface Request {
  /** Full name; none is the server as a whole, which is the same here. */
  readonly service?: string;
}

interface Response {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

/** grpc.health.v1: serving is what `GET /readyz` calls ready. */
export function healthMethods(ready: () => Promise<boolean>, calls: Calls): UntypedServiceImplementation {
  const statusOf = async ({ service = '' }: Request): Promise<Response['status']> => {
    if (service !== '' && service !== services.inference) return 'SERVICE_UNKNOWN';
    return (await ready()) ? 'SERVING' : 'NOT_SERVING';
  };

  /** Sends the state, and again whenever it has changed, for as long as the call lasts. */
  const watch = async (call: ServerWritableStream<Request, Response>): Promise<void> => {
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
    Check: calls.unary(async (request: Request): Promise<Response> => {
      const status = await statusOf(request);
      if (status === 'SERVICE_UNKNOWN')
        throw new ServiceError(
          'model-not-found',
          `There is no service ${shown(request.service)}: name ${services.inference}, or none.`,
        );
      return { status };
    }),
    Watch: (call: ServerWritableStream<Request, Response>) => {
      void watch(call);
    },
  };
}
