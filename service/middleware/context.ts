declare module 'hono' {
  interface ContextVariableMap {
    /** Name of the model that answers the request, for the log and the metrics. */
    model: string | undefined;
  }
}

export {};
