import type { VariableName, variables } from '../../service/contract/index.ts';

/**
 * Environment variables that `settings` does not accept, each with what to use instead: other props set them, or they
 * belong in a Secret.
 */
export const managedSettings = {
  PORT: 'Leave it out: the probes and the Service rely on the default port.',
  GRPC_PORT: 'Use the prop grpc, which also configures the Services and the NetworkPolicy.',
  MANAGEMENT_PORT: 'Leave it out: the probes and the NetworkPolicy rely on port 8002.',
  PUBLIC_PROBES: 'Use the prop publicProbes.',
  PUBLIC_DOCS: 'Use the prop publicDocs.',
  HOST: 'Leave it out: pods listen on every address.',
  DRAIN_DELAY_SECONDS: 'Use the prop drainDelaySeconds.',
  GRACE_PERIOD_SECONDS: 'Use the prop gracePeriodSeconds.',
  REQUEST_TIMEOUT_SECONDS: 'Use the prop requestTimeoutSeconds.',
  EXECUTION_PROVIDER: 'Use the prop accelerator, which also requests a GPU.',
  INFERENCE_THREADS: 'Leave it out: it follows resources.cpu.limit.',
  API_KEY: 'Put the key into a Secret, and set apiKeySecret to the name of that Secret.',
  API_KEY_FILE: 'Put the key into a Secret, and set apiKeySecret to the name of that Secret.',
} as const satisfies Partial<Record<VariableName, string>>;

type SettingName = Exclude<VariableName, keyof typeof managedSettings>;

type ValueOf<Variable> = Variable extends { readonly values: readonly (infer Value)[] } ? Value : string;

/** Environment variables of the service, by name. `node service/main.ts --help` describes each. */
export type Settings = { readonly [Name in SettingName]?: ValueOf<(typeof variables)[Name]> };
