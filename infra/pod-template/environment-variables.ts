import { nodeOptions, ports, type VariableName } from '../../service/contract/index.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import { heapMebibytes } from './heap-size.ts';
import { telemetryVariables } from './telemetry.ts';

/** Returns the container's environment variables: the settings, and the variables that must match fields of the pod. */
export function environmentVariables(props: ResolvedProps): Readonly<Record<string, string>> {
  return {
    ...props.settings,
    ...(props.accelerator && { EXECUTION_PROVIDER: props.accelerator.type }),
    ...servicePorts(props),
    ...telemetryVariables(props),
    NODE_OPTIONS: nodeOptions(heapMebibytes(props.resources.memory.limit)),
    DRAIN_DELAY_SECONDS: String(props.drainDelaySeconds),
    REQUEST_TIMEOUT_SECONDS: String(props.requestTimeoutSeconds),
    GRACE_PERIOD_SECONDS: String(props.gracePeriodSeconds),
  };
}

function servicePorts({ grpc, publicProbes, publicDocs }: ResolvedProps): Partial<Record<VariableName, string>> {
  return {
    ...(grpc && { GRPC_PORT: String(ports.grpc.number) }),
    MANAGEMENT_PORT: String(ports.management.number),
    ...(publicProbes && { PUBLIC_PROBES: 'true' }),
    ...(!publicDocs && { PUBLIC_DOCS: 'false' }),
  };
}
