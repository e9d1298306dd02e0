import type { Observation } from '../exchange/request-observer.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** The request in progress, for the log and the metrics. */
    observation: Observation;
  }
}

export {};
