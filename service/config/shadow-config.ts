/** Where copies of requests go. */
export interface ShadowConfig {
  /** Base URL of the shadow, which is a service like this one. */
  readonly url: string;
  /** The share of the requests that are copied, from 0 to 1. */
  readonly sample: number;
  /** How far two numbers may be apart and still count as the same, relative to that of this service. */
  readonly tolerance: number;
}
