import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ports as contractPorts } from '../../service/contract/index.ts';
import type { DeploymentStatus } from '../deployment-status.ts';
import type { Clock } from './replica/clock.ts';
import { containerEnvironment } from './replica/environment.ts';
import type { Deployment } from '../kubernetes.ts';
import { localModels } from './replica/local-models.ts';
import { LogFile } from './log-file.ts';
import { type Workload, replicaCount, servedDeployment, serviceOf, servingContainer } from './manifests/workload.ts';
import { Replica } from './replica/replica.ts';
import type { ReplicaEvent } from './replica/replica-event.ts';

export interface LocalReplicasOptions {
  readonly manifests: Workload;
  readonly root: string;
  readonly logs: string;
  readonly clock: Clock;
  readonly onEvent: (event: ReplicaEvent) => void;
  readonly onChange: () => void;
}

/** Kubernetes' default for `terminationGracePeriodSeconds`. */
const defaultGraceSeconds = 30;

/** Runs the replicas of all Deployments. */
export class LocalReplicas {
  readonly replicas: readonly Replica[];
  /** Grace period of a replica that is stopped; the longest of all Deployments. */
  readonly graceSeconds: number;
  readonly #served: readonly Replica[];

  /**
   * Starts every replica.
   * @throws {Failure} if a container's environment refers to objects that the manifests lack; then nothing starts
   */
  constructor({ manifests, root, logs, ...common }: LocalReplicasOptions) {
    mkdirSync(logs, { recursive: true });
    const plans = manifests.deployments.map((deployment) => plan(deployment, manifests, root));
    const started = plans.map((pods) =>
      pods.map(
        ({ name, ...pod }) =>
          new Replica({ ...common, ...pod, name, root, log: new LogFile(join(logs, `${name}.log`)) }),
      ),
    );
    this.replicas = started.flat();
    this.graceSeconds = Math.max(...plans.flat().map(({ graceSeconds }) => graceSeconds), 0);
    this.#served =
      started[manifests.deployments.findIndex((deployment) => deployment === servedDeployment(manifests))] ?? [];
  }

  /**
   * Returns this machine's ports of the ready replicas behind the Service.
   * @param port the container's port; by default the one that the Service leads to
   */
  endpoints(port?: number): readonly number[] {
    return this.#served.map((replica) => replica.endpoint(port)).filter((port) => port !== undefined);
  }

  status(): DeploymentStatus {
    const replicas = this.replicas.map((replica) => replica.status());
    return { wanted: replicas.length, ready: replicas.filter(({ ready }) => ready).length, replicas };
  }

  /** Stops all replicas at the same time, each within its grace period, or at once if the signal aborts. */
  async stop(now: AbortSignal): Promise<void> {
    const kill = (): void => {
      for (const replica of this.replicas) replica.kill();
    };
    if (now.aborted) kill();
    now.addEventListener('abort', kill, { once: true });
    await Promise.all(this.replicas.map((replica) => replica.stop()));
  }
}

/** Returns what each replica of a Deployment consists of. */
function plan(deployment: Deployment, manifests: Workload, root: string) {
  const { metadata, spec } = deployment;
  const { container, port } = servingContainer(deployment, serviceOf(deployment, manifests.services));
  const models = localModels(deployment, manifests, root);
  return Array.from({ length: replicaCount(deployment, manifests) }, (_, index) => {
    const pod = { name: podName(metadata.name, index), namespace: metadata.namespace ?? 'default' };
    return {
      name: pod.name,
      container,
      servingPort: port ?? contractPorts.http.number,
      env: {
        ...containerEnvironment(container, manifests, pod, root),
        ...(models !== undefined && { MODELS_DIR: models }),
      },
      restartPolicy: spec.template.spec.restartPolicy ?? 'Always',
      graceSeconds: spec.template.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds,
    } as const;
  });
}

/** Looks like the name of a pod, but is the same each time, so that logs keep their names. */
function podName(deployment: string, index: number): string {
  // Kubernetes' alphabet, which has no vowels so that names don't form words.
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  const digest = createHash('sha256').update(`${deployment}/${index}`).digest();
  return `${deployment}-${[...digest.subarray(0, 5)].map((byte) => alphabet[byte % alphabet.length]).join('')}`;
}
