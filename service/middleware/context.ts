declare module 'hono' {
  interface ContextVariableMap {
    /** The name of the model that the request uses, for the log and the metrics. */
    model: string | undefined;
  }
}

export {};
