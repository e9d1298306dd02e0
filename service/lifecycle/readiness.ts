import type { Check } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Whether requests should be sent here, for every protocol: the process accepts them, and every model is proven. */
export async function readiness(
  repository: ModelRepository,
  { phase }: Lifecycle,
): Promise<{ ready: boolean; checks: Check[] }> {
  // While draining this stays ready: kube-proxy falls back to terminating endpoints only if they are (KEP-1669).
  const accepting = phase === 'serving' || phase === 'draining';
  const listener: Check = {
    name: 'listener',
    ok: accepting,
    detail: accepting ? 'Accepting connections.' : 'Shutting down.',
  };
  const checks = [listener, ...(await repository.checks())];
  return { ready: checks.every(({ ok }) => ok), checks };
}
