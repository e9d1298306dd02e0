import type { Reservation } from '../connections/in-flight-bytes.ts';
import type { Observation } from '../exchange/request-observer.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** The request in progress, for the log and the metrics. */
    observation: Observation;
    /** The memory of the request's body, if it has one. */
    bodyMemory: Reservation | undefined;
    /** Receives a body that does not declare its length. */
    receiveBody: (() => Promise<Buffer>) | undefined;
  }
}

export {};
