import type { Check } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import type { Lifecycle } from './lifecycle.ts';

/**
 * The readiness rule, for every protocol: the process accepts connections, and every model is loaded and has just
 * reproduced its examples.
 */
export async function readiness(
  repository: ModelRepository,
  { phase }: Lifecycle,
): Promise<{ ready: boolean; checks: Check[] }> {
  // Stays ready while draining: kube-proxy falls back to terminating endpoints only if they are ready (KEP-1669).
  const accepting = phase === 'serving' || phase === 'draining';
  const listener: Check = {
    name: 'listener',
    ok: accepting,
    detail: accepting ? 'Accepting connections.' : 'Shutting down.',
  };
  const checks = [listener, ...(await repository.checks())];
  return { ready: checks.every(({ ok }) => ok), checks };
}
