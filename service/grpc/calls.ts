import type { IncomingHttpHeaders } from 'node:http2';
import { firstToEvict } from '../connections/eviction.ts';
import { Sweep } from '../inference/queue/deadlines.ts';
import type { CallHandler } from './http2/server.ts';
import type { GrpcStream } from './http2/stream.ts';
import type { Method } from './method.ts';
import { requestIdIn, RunningCall, type CallLimits, type CallsOptions, type CallCounter } from './running-call.ts';

/** How late a call may notice that its deadline has passed. */
const SWEEP_MILLISECONDS = 25;

export const defaultCallLimits: CallLimits = { calls: 3072, sendSeconds: 15 };

/** Does what every call needs: a request id, the API key, the deadline, metrics, a line in the log. */
export class Calls implements CallHandler, CallCounter {
  readonly #options: CallsOptions;
  readonly #methods: ReadonlyMap<string, Method>;
  /** In the order in which they arrived, until their streams are closed. */
  readonly #open = new Set<RunningCall>();
  readonly #sweep = new Sweep(SWEEP_MILLISECONDS, () => this.#expire());

  constructor(methods: readonly Method[], options: CallsOptions) {
    this.#methods = new Map(methods.map((method) => [method.path, method]));
    this.#options = options;
    options.metrics.requests.serve('grpc');
  }

  /** How many calls have no response yet. */
  get running(): number {
    let count = 0;
    for (const call of this.#open) if (!call.abandoned()) count += 1;
    return count;
  }

  /** Ends the calls that would not end by themselves. */
  hangUp(): void {
    for (const call of this.#open) if (call.handler?.endless === true) call.shutDown();
  }

  onCall(path: string, headers: IncomingHttpHeaders, stream: GrpcStream): void {
    const call = new RunningCall(path, this.#methods.get(path), headers, stream, this.#options, this);
    call.start(headers, this.#open.size < this.#options.limits.calls || this.#makeRoom());
    this.#sweep.start();
  }

  onRefused(path: string, headers: IncomingHttpHeaders, status: number): void {
    const { metrics, accessLog } = this.#options;
    metrics.requests.begin('grpc');
    metrics.requests.end('grpc', 'none', '', String(status), 0);
    accessLog('info', {
      requestId: requestIdIn(headers),
      method: 'gRPC',
      path,
      status,
      milliseconds: 0,
      model: undefined,
    });
  }

  /** Ends a call that waits for its client. @returns whether there was one */
  #makeRoom(): boolean {
    const victim = firstToEvict(this.#open);
    victim?.giveWay();
    return victim !== undefined;
  }

  add(call: RunningCall): void {
    this.#open.add(call);
  }

  remove(call: RunningCall): void {
    this.#open.delete(call);
  }

  /** Ends the calls whose deadline has passed. @returns whether there are others */
  #expire(): boolean {
    const now = performance.now();
    for (const call of this.#open) if (now >= call.until) call.expire();
    return this.#open.size > 0;
  }
}
