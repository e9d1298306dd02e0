import { addressOf } from './http-span.ts';
import type { RequestTrace } from './request-trace.ts';
import type { Attribute } from './span.ts';

/** A call over gRPC that has ended. */
export interface ServedCall {
  /** `/package.Service/Method` */
  readonly path: string;
  /** The name of its status. */
  readonly status: string;
  readonly requestId: string;
  readonly milliseconds: number;
}

/** The statuses that are the server's fault, not the client's. */
const FAILURES = ['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'];

/** What the end of a call does not know by itself. */
export interface CallStart {
  /** In milliseconds, as in `performance.now()`. */
  readonly started: number;
  /** Whether there is such a method. */
  readonly known: boolean;
  readonly authority: string | undefined;
}

/** Ends a trace with the attributes of gRPC servers: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/. */
export function endGrpc(trace: RequestTrace, call: ServedCall, { started, known, authority }: CallStart): void {
  const { path, status, requestId, milliseconds } = call;
  const method = path.replace(/^\//, '');
  const failed = FAILURES.includes(status);
  const attributes: Attribute[] = [
    ['rpc.system.name', 'grpc'],
    ['rpc.method', known ? method : '_OTHER'],
    ...(known ? [] : ([['rpc.method_original', method]] as const)),
    ['rpc.response.status_code', status],
    ...(failed ? ([['error.type', status]] as const) : []),
    ...addressOf(authority),
    ['rhizome.request_id', requestId],
  ];
  trace.end(known ? method : 'grpc', started, started + milliseconds, attributes, failed);
}
