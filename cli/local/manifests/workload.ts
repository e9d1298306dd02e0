import { ports } from '../../../service/contract/index.ts';
import { Failure } from '../../failure.ts';
import type { ConfigMap, Container, Deployment, KubernetesObject, Secret, Service } from '../../kubernetes.ts';
import { isHeadless, parseObjects, readObjects } from '../../project/objects.ts';

/** What the file asks for. The engine runs the Deployments; the rest is what they refer to. */
export interface Workload {
  readonly all: readonly KubernetesObject[];
  readonly deployments: readonly Deployment[];
  readonly services: readonly Service[];
  readonly configMaps: readonly ConfigMap[];
  readonly secrets: readonly Secret[];
}

/** Reads a file of manifests. @throws Failure when it is missing, is no YAML, or holds no Deployment */
export function readWorkload(path: string): Workload {
  return pick(readObjects(path), path);
}

/** As `readWorkload`; `path` is for the messages. */
export function parseWorkload(source: string, path: string): Workload {
  return pick(parseObjects(source, path), path);
}

function pick(all: readonly KubernetesObject[], path: string): Workload {
  // Who asks for a headless Service wants the pods' own addresses, which they have not on this machine.
  const ofKind = (kind: string): readonly unknown[] =>
    all.filter((object) => object.kind === kind && !isHeadless(object));
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

/** The Service that leads to a Deployment's pods: every label of its selector is on them. */
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

/** The container that a Service's first port leads to, and its port there; without a Service, the first of both. */
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
      hint: 'Give it one in infra/.',
    });
  return { container: first, port: typeof wanted === 'number' ? wanted : undefined };
}

/** The Deployment whose replicas are asked: the first with a Service, else the first. */
export function servedDeployment({ deployments, services }: Workload): Deployment | undefined {
  return deployments.find((deployment) => serviceOf(deployment, services) !== undefined) ?? deployments[0];
}

/** The port of the served container that the Service's port `grpc` leads to; undefined where there is none. */
export function grpcPort(manifests: Workload): number | undefined {
  const deployment = servedDeployment(manifests);
  const service = deployment && serviceOf(deployment, manifests.services);
  const servicePort = service?.spec.ports?.find(({ name }) => name === ports.grpc.name);
  if (deployment === undefined || servicePort === undefined) return undefined;
  const wanted = servicePort.targetPort ?? servicePort.port;
  const { container } = servingContainer(deployment, service);
  return container.ports?.find(({ name, containerPort }) => wanted === name || wanted === containerPort)?.containerPort;
}
