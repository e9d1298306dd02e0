/** Names of the Prometheus metrics, for rules and dashboards. Durations are in seconds. */
export const metrics = {
  requests: 'rhizome_http_requests_total',
  requestDuration: 'rhizome_http_request_duration_seconds',
  requestsInFlight: 'rhizome_http_requests_in_flight',
  inferenceDuration: 'rhizome_inference_duration_seconds',
  modelInfo: 'rhizome_model_info',
  modelLoaded: 'rhizome_model_loaded',
  modelLoadSeconds: 'rhizome_model_load_seconds',
} as const;
