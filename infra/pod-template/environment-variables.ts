import { nodeOptions, ports, type VariableName } from '../../service/contract/index.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import type { JwtProps } from '../props/jwt-props.ts';
import { heapMebibytes } from './heap-size.ts';
import { telemetryVariables } from './telemetry.ts';

/** Returns the container's environment variables: the settings, and the variables that must match fields of the pod. */
export function environmentVariables(props: ResolvedProps): Readonly<Record<string, string>> {
  return {
    ...props.settings,
    ...(props.accelerator && { EXECUTION_PROVIDER: props.accelerator.type }),
    ...servedRoutes(props),
    ...telemetryVariables(props),
    ...tokenVariables(props.jwt),
    NODE_OPTIONS: nodeOptions(heapMebibytes(props.resources.memory.limit)),
    DRAIN_DELAY_SECONDS: String(props.drainDelaySeconds),
    REQUEST_TIMEOUT_SECONDS: String(props.requestTimeoutSeconds),
    GRACE_PERIOD_SECONDS: String(props.gracePeriodSeconds),
  };
}

function servedRoutes(props: ResolvedProps): Partial<Record<VariableName, string>> {
  const { grpc, publicProbes, publicDocs, playground } = props;
  return {
    ...(grpc && { GRPC_PORT: String(ports.grpc.number) }),
    MANAGEMENT_PORT: String(ports.management.number),
    ...(publicProbes && { PUBLIC_PROBES: 'true' }),
    ...(!publicDocs && { PUBLIC_DOCS: 'false' }),
    ...(!playground && { PLAYGROUND: 'false' }),
  };
}

function tokenVariables(jwt: JwtProps | undefined): Partial<Record<VariableName, string>> {
  if (jwt === undefined) return {};
  const { issuer, audience, jwksUrl, insecureJwks, algorithms, leewaySeconds } = jwt;
  return {
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    JWT_JWKS_URL: jwksUrl,
    ...(insecureJwks && { JWT_JWKS_INSECURE: 'true' }),
    ...(algorithms && { JWT_ALGORITHMS: algorithms.join(',') }),
    ...(leewaySeconds !== undefined && { JWT_LEEWAY_SECONDS: String(leewaySeconds) }),
  };
}
