import type { SamplerConfig } from '../config/telemetry.ts';
import type { TraceContext } from './trace-context.ts';

/**
 * Returns whether a request is recorded. The trace id decides, so that all services with the same ratio record the same
 * traces: its last eight bytes, as a fraction, are compared with the ratio, like in OpenTelemetry's SDK for Go.
 */
export function isSampled(
  { parentBased, ratio }: SamplerConfig,
  traceId: string,
  parent: TraceContext | undefined,
): boolean {
  if (parentBased && parent !== undefined) return parent.sampled;
  if (ratio >= 1) return true;
  if (ratio <= 0) return false;
  // Six of the eight bytes: more is beyond the precision of any ratio that somebody sets.
  return parseInt(traceId.slice(16, 28), 16) < ratio * 2 ** 48;
}
