/**
 * What the service guarantees to those who deploy or call it: the only part of `service/` that `infra/`, `cli/` and
 * `client/` import. Nothing here does I/O or depends on a library.
 */
export { variables, type Variable, type VariableName } from './environment.ts';
export { download, privateRanges } from './download.ts';
export { durationBounds, metrics } from './metrics.ts';
export { hasUser, httpUrl } from './http-url.ts';
export { apiKeyMount, image, paths, ports, requestHeaders, telemetryMounts } from './endpoints.ts';
export { minimumGraceSeconds } from './grace-period.ts';
export { nodeOptions } from './node-options.ts';
export { problemCode, type ProblemCode } from './problem-codes.ts';
export { expectedValue, leastBodyBytes, leastInFlightBytes, type NumberName } from './variable-values.ts';
export { expectedKeyUrl, parseAlgorithms, tokenAlgorithms, type TokenAlgorithm } from './token-settings.ts';
export { typeNames } from './type-names.ts';
export { version } from './version.ts';
export type * from './api.ts';
export type * from './inference.ts';
