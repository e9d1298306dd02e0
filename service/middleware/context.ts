import type { Access } from '../authentication/access.ts';
import type { Reservation } from '../connections/in-flight-bytes.ts';
import type { Observation } from '../exchange/request-observer.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** The request in progress, for the log and the metrics. */
    observation: Observation;
    /** What the request's token allows; undefined if it may do everything. */
    access: Access | undefined;
    /** The memory of the request's body, if it has one. */
    bodyMemory: Reservation | undefined;
    /** Receives a body that does not declare its length. */
    receiveBody: (() => Promise<Buffer>) | undefined;
  }
}

export {};
