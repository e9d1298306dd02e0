import { nothingDeployed } from '../cluster/nothing-deployed.ts';
import { isEmpty } from '../deployment-status.ts';
import { Failure } from '../failure.ts';
import { currentManifests, type Manifests } from '../project/manifests.ts';
import { containerPort } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kindControlPlane } from '../tools/kind.ts';
import type { Cluster } from './cluster.ts';
import { isCluster } from './find.ts';
import { openForward } from '../cluster/port-forward.ts';
import { containerEngineOf } from '../cluster/applied.ts';
import type { Target } from './target.ts';

/** How to reach the Service from this machine. */
export interface OpenService {
  /** Without a trailing slash. */
  readonly url: string;
  /** It is a `kubectl port-forward`, which leads to one pod: requests fail when that pod goes, even if others serve. */
  readonly boundToOnePod: boolean;
  readonly close: () => Promise<void>;
}

/** A way to the Service that exists already, or what a new `kubectl port-forward` needs. */
export type Route =
  | Pick<OpenService, 'url' | 'boundToOnePod'>
  | { readonly url: undefined; readonly kubeContext: string; readonly manifests: Manifests };

/** Returns the URL of a target's Service, forwarding a port to it if necessary. @throws {Failure} if nothing is up */
export async function openService(context: ExecContext, target: Target): Promise<OpenService> {
  const route = await findRoute(context, target);
  if (route.url !== undefined) return { ...route, close: () => Promise.resolve() };
  const forward = await openForward(context, route.kubeContext, route.manifests, 0);
  return { url: forward.url, boundToOnePod: true, close: () => forward.close() };
}

/** Returns how to reach a target's Service, without opening anything. @throws {Failure} if nothing is up */
export async function findRoute(context: ExecContext, target: Target): Promise<Route> {
  if (!isCluster(target) || target.mapsPort) {
    const url = await target.url();
    if (url !== undefined) {
      if (isCluster(target)) await checkDeployed(context, target);
      return { url, boundToOnePod: false };
    }
  }
  if (!isCluster(target) || (await target.status()) === undefined) {
    throw new Failure(`Nothing is up on ${target.name}.`, { hint: `Start it: rhizome up --on ${target.name}` });
  }
  const manifests = currentManifests(context.root, target.environment);
  const mapped = await mappedUrl(context, target, manifests);
  if (mapped !== undefined) return { url: mapped, boundToOnePod: false };
  const forwarded = await target.url();
  if (forwarded !== undefined) return { url: forwarded, boundToOnePod: true };
  return { url: undefined, kubeContext: target.context, manifests };
}

/** @throws {Failure} if the cluster is there, but empty: requests to its port would be repeated until their timeout */
async function checkDeployed(context: ExecContext, target: Cluster): Promise<void> {
  const status = await target.status().catch((error: unknown) => {
    context.signal.throwIfAborted();
    // The request itself shows whether the service can be reached.
    if (error instanceof Failure) return undefined;
    throw error;
  });
  if (status !== undefined && isEmpty(status)) throw nothingDeployed(target.name);
}

/** The URL at which a kind cluster, whoever created it, publishes the Service's NodePort on this machine. */
async function mappedUrl(
  context: ExecContext,
  { name, kindCluster }: Cluster,
  { service }: Manifests,
): Promise<string | undefined> {
  if (kindCluster === undefined || service.nodePort === undefined) return undefined;
  const engine = await containerEngineOf(context.root, { name });
  try {
    const argv = containerPort(engine, kindControlPlane(kindCluster), service.nodePort);
    const port = parsePublishedPort(await exec(context, argv, { quiet: true }));
    return port && `http://localhost:${port}`;
  } catch (error) {
    context.signal.throwIfAborted();
    // The kind cluster is on another machine, or does not publish that port.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Reads the port in what `docker port` prints: `0.0.0.0:8080`, one line per address. */
const parsePublishedPort = (output: string): string | undefined => /:(\d+)$/.exec(output.split('\n')[0] ?? '')?.[1];
