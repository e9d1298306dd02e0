/** The names of the Prometheus metrics, for rules and dashboards. Durations are in seconds. */
export const metrics = {
  requests: 'rhizome_requests_total',
  requestDuration: 'rhizome_request_duration_seconds',
  requestsInFlight: 'rhizome_requests_in_flight',
  requestsRefused: 'rhizome_requests_refused_total',
  connectionsClosed: 'rhizome_connections_closed_total',
  tokenKeyFetches: 'rhizome_token_key_fetches_total',
  tokenKeyAge: 'rhizome_token_key_age_seconds',
  decodeDuration: 'rhizome_decode_duration_seconds',
  inferenceDuration: 'rhizome_inference_duration_seconds',
  batchRows: 'rhizome_batch_rows',
  queueRows: 'rhizome_queue_rows',
  queueDuration: 'rhizome_queue_duration_seconds',
  processRestarts: 'rhizome_inference_process_restarts_total',
  modelInfo: 'rhizome_model_info',
  modelLoaded: 'rhizome_model_loaded',
  modelVerified: 'rhizome_model_verified',
  modelLoadDuration: 'rhizome_model_load_duration_seconds',
  featureValues: 'rhizome_feature_values_total',
  featureTrainingShare: 'rhizome_feature_training_share',
  predictions: 'rhizome_predictions_total',
  predictionsTrainingShare: 'rhizome_predictions_training_share',
  exported: 'rhizome_exported_total',
  exportDropped: 'rhizome_export_dropped_total',
  shadowRequests: 'rhizome_shadow_requests_total',
} as const;

/**
 * Upper bounds of the buckets of durations, in seconds: a tabular model takes tens of microseconds, a large one takes
 * seconds. An alert on latency can only compare with one of them.
 */
export const durationBounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
