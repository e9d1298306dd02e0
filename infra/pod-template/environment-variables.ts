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
    /**
     * Options of Node.js: its heap is at most half of the memory limit, because models and tensors need the other half,
     * and the part for new objects is small, because predictions leave little behind.
     *
     * @explains ConfigMap.data.NODE_OPTIONS
     * @without Node sizes its heap by the memory of the node, and the kernel kills the container.
     * @setBy resources.memory.limit
     */
    NODE_OPTIONS: nodeOptions(heapMebibytes(props.resources.memory.limit)),
    DRAIN_DELAY_SECONDS: String(props.drainDelaySeconds),
    REQUEST_TIMEOUT_SECONDS: String(props.requestTimeoutSeconds),
    GRACE_PERIOD_SECONDS: String(props.gracePeriodSeconds),
  };
}

function servedRoutes(props: ResolvedProps): Partial<Record<VariableName, string>> {
  const { grpc, publicProbes, publicDocs, playground } = props;
  return {
    /**
     * The port for gRPC, which the container's ports name.
     *
     * @explains ConfigMap.data.GRPC_PORT
     * @without gRPC is off, and the port `grpc` of the Service leads nowhere.
     * @setBy grpc
     */
    ...(grpc && { GRPC_PORT: String(ports.grpc.number) }),
    /**
     * A port of its own for probes and metrics: clients that occupy the others keep no probe from its response.
     *
     * @explains ConfigMap.data.MANAGEMENT_PORT
     * @without The probes, which ask this port, fail, and no pod becomes ready.
     */
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
