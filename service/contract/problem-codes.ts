/** What can be wrong with a request: the last part of `type` in the body of an error. */
export type ProblemCode =
  | 'incomplete-body'
  | 'invalid-json'
  /** The body is not what its Content-Encoding says. */
  | 'invalid-compression'
  /** The body is not the form that its Content-Type says. */
  | 'invalid-multipart'
  | 'invalid-input'
  | 'unauthorized'
  /** The token is valid, but does not allow to run the model. */
  | 'forbidden'
  | 'route-not-found'
  | 'model-not-found'
  | 'method-not-allowed'
  | 'body-too-large'
  | 'unsupported-media-type'
  /** The body is compressed in a way that the service does not support. */
  | 'unsupported-encoding'
  | 'internal-error'
  /** The model is loading, or could not be loaded. */
  | 'model-not-ready'
  /** More requests wait for the model than it can serve in time. The request was not started. */
  | 'overloaded'
  /** The process that runs the model has ended, and is being started again. */
  | 'model-restarting'
  | 'shutting-down'
  /** The keys that verify tokens cannot be fetched. */
  | 'keys-unavailable'
  | 'timeout';

/** Returns the code in the `type` of an error, which a newer service may have added. Undefined for other errors. */
export function problemCode(type: unknown): ProblemCode | (string & Record<never, never>) | undefined {
  return typeof type === 'string' ? /^urn:problem-type:rhizome:(.+)$/.exec(type)?.[1] : undefined;
}
