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

/** Returns the URL of a target's Service, forwarding a port to it if necessary. @throws {Failure} if nothing is up */
export async function openService(context: ExecContext, target: Target): Promise<OpenService> {
  const close = (): Promise<void> => Promise.resolve();
  if (!isCluster(target) || target.mapsPort) {
    const url = await target.url();
    if (url !== undefined) return { url, boundToOnePod: false, close };
  }
  if (!isCluster(target) || (await target.status()) === undefined) {
    throw new Failure(`Nothing is up on ${target.name}.`, { hint: `Start it: rhizome up --on ${target.name}` });
  }
  const manifests = currentManifests(context.root);
  const mapped = await mappedUrl(context, target, manifests);
  if (mapped !== undefined) return { url: mapped, boundToOnePod: false, close };
  const forwarded = await target.url();
  if (forwarded !== undefined) return { url: forwarded, boundToOnePod: true, close };
  const forward = await openForward(context, target.context, manifests, 0);
  return { url: forward.url, boundToOnePod: true, close: () => forward.close() };
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
