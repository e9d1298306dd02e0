import { ports } from '../../../service/contract/index.ts';
import { Failure } from '../../failure.ts';
import type { ConfigMap, Container, Deployment, KubernetesObject, Secret, Service } from '../../kubernetes.ts';
import { isHeadless, parseObjects, readObjects, serviceObjects } from '../../project/objects.ts';

/** The objects of a manifest file. The local runtime runs the Deployments, which refer to the others. */
export interface Workload {
  readonly all: readonly KubernetesObject[];
  readonly deployments: readonly Deployment[];
  readonly services: readonly Service[];
  readonly configMaps: readonly ConfigMap[];
  readonly secrets: readonly Secret[];
}

/** Reads a file of manifests. @throws {Failure} if it is missing, isn't valid YAML, or has no Deployment */
export function readWorkload(path: string): Workload {
  return pick(readObjects(path), path);
}

/** Like `readWorkload`. @param path for error messages */
export function parseWorkload(source: string, path: string): Workload {
  return pick(parseObjects(source, path), path);
}

function pick(all: readonly KubernetesObject[], path: string): Workload {
  // A headless Service resolves to the pods' own addresses, which they don't have on this machine. A canary or a shadow
  // would not get its share of requests here.
  const ofKind = (kind: string): readonly unknown[] => serviceObjects(all, kind);
  const deployments = ofKind('Deployment') as Deployment[];
  if (deployments.length === 0) {
    const kinds = all.map((object) => object.kind).join(', ') || 'nothing';
    throw new Failure(`${path} has no Deployment to run, only: ${kinds}.`, {
      hint: 'Check infra/main.ts, then run `rhizome synth`.',
    });
  }
  return {
    all,
    deployments,
    services: ofKind('Service') as Service[],
    configMaps: ofKind('ConfigMap') as ConfigMap[],
    secrets: ofKind('Secret') as Secret[],
  };
}

/** Returns the Service whose selector matches a Deployment's pods. */
export function serviceOf(deployment: Deployment, services: readonly Service[]): Service | undefined {
  const labels = deployment.spec.template.metadata?.labels ?? {};
  return services.find(({ metadata, spec }) => {
    const selector = Object.entries(spec.selector ?? {});
    return (
      metadata.namespace === deployment.metadata.namespace &&
      selector.length > 0 &&
      selector.every(([label, value]) => labels[label] === value)
    );
  });
}

/**
 * Returns how many replicas of a Deployment to run: its own number, or else the least that its autoscaler keeps, or 1.
 */
export function replicaCount({ metadata, spec }: Deployment, { all }: Workload): number {
  if (spec.replicas !== undefined) return spec.replicas;
  const autoscalers = all.map(({ spec: bounds }) => bounds as Partial<Autoscaler> | undefined);
  const own = autoscalers.find((bounds) => bounds?.scaleTargetRef?.name === metadata.name);
  // KEDA may scale to zero, and then needs more than this machine has to start a replica.
  return Math.max(own?.minReplicas ?? own?.minReplicaCount ?? 1, 1);
}

/** The spec of a HorizontalPodAutoscaler (`minReplicas`), or of KEDA's ScaledObject (`minReplicaCount`). */
interface Autoscaler {
  readonly scaleTargetRef: { readonly name: string };
  readonly minReplicas?: number;
  readonly minReplicaCount?: number;
}

/** Returns the container and port that a Service's first port leads to; without a Service, the first of each. */
export function servingContainer(
  deployment: Deployment,
  service: Service | undefined,
): { container: Container; port: number | undefined } {
  const { containers } = deployment.spec.template.spec;
  const servicePort = service?.spec.ports?.[0];
  const wanted = servicePort?.targetPort ?? servicePort?.port;
  for (const container of containers) {
    const port = container.ports?.find(
      ({ name, containerPort }) => wanted === undefined || wanted === name || wanted === containerPort,
    );
    if (port !== undefined) return { container, port: port.containerPort };
  }
  const [first] = containers;
  if (first === undefined)
    throw new Failure(`The Deployment ${deployment.metadata.name} has no container.`, {
      hint: 'Add one in infra/.',
    });
  return { container: first, port: typeof wanted === 'number' ? wanted : undefined };
}

/** Returns the Deployment that serves requests: the first with a Service, or the first. */
export function servedDeployment({ deployments, services }: Workload): Deployment | undefined {
  return deployments.find((deployment) => serviceOf(deployment, services) !== undefined) ?? deployments[0];
}

/**
 * Returns the container's port that a port `grpc` leads to, of the Service or else of the headless one; undefined if
 * there is none.
 */
export function grpcPort(manifests: Workload): number | undefined {
  const deployment = servedDeployment(manifests);
  const service = deployment && serviceOf(deployment, manifests.services);
  const headless = deployment && serviceOf(deployment, manifests.all.filter(isHeadless) as Service[]);
  const servicePort = [service, headless]
    .flatMap((each) => each?.spec.ports ?? [])
    .find(({ name }) => name === ports.grpc.name);
  if (deployment === undefined || servicePort === undefined) return undefined;
  const wanted = servicePort.targetPort ?? servicePort.port;
  const { container } = servingContainer(deployment, service);
  return container.ports?.find(({ name, containerPort }) => wanted === name || wanted === containerPort)?.containerPort;
}
