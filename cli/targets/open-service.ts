import { Failure } from '../failure.ts';
import { currentManifests, type Manifests } from '../project/manifests.ts';
import { containerPort, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { isCluster } from './find.ts';
import { openForward } from '../cluster/port-forward.ts';
import { containerEngineOf } from '../cluster/applied.ts';
import type { Target } from './target.ts';

/** The Service, as it is reached from this machine. */
export interface OpenService {
  /** Without a trailing slash. */
  readonly url: string;
  /** It leads to one pod, by `kubectl port-forward`: requests fail when that goes, whatever the others do. */
  readonly boundToOnePod: boolean;
  readonly close: () => Promise<void>;
}

/** Finds the way to the Service of what is up, or opens one. @throws Failure where nothing is up */
export async function openService(context: ExecContext, target: Target): Promise<OpenService> {
  const close = (): Promise<void> => Promise.resolve();
  if (!isCluster(target) || target.name === 'kind') {
    const url = await target.url();
    if (url !== undefined) return { url, boundToOnePod: false, close };
  }
  if (!isCluster(target) || (await target.status()) === undefined) {
    throw new Failure(`Nothing is up on ${target.name}.`, { hint: `Start it: rhizome up --on ${target.name}` });
  }
  const manifests = currentManifests(context.root);
  const mapped = await mappedUrl(context, await containerEngineOf(context.root, target), target.context, manifests);
  if (mapped !== undefined) return { url: mapped, boundToOnePod: false, close };
  const held = await target.url();
  if (held !== undefined) return { url: held, boundToOnePod: true, close };
  const forward = await openForward(context, target.context, manifests, 0);
  return { url: forward.url, boundToOnePod: true, close: () => forward.close() };
}

/** Where a cluster of kind, whoever made it, has the Service's NodePort mapped to this machine. */
async function mappedUrl(
  context: ExecContext,
  engine: ContainerEngine,
  kubeContext: string,
  { service }: Manifests,
): Promise<string | undefined> {
  // kind calls the context of its cluster NAME so, and its first node NAME-control-plane.
  const cluster = /^kind-(.+)$/.exec(kubeContext)?.[1];
  if (cluster === undefined || service.nodePort === undefined) return undefined;
  try {
    const lines = await exec(context, containerPort(engine, `${cluster}-control-plane`, service.nodePort), {
      quiet: true,
    });
    const port = /:(\d+)$/.exec(lines.split('\n')[0] ?? '')?.[1];
    return port && `http://localhost:${port}`;
  } catch (error) {
    context.signal.throwIfAborted();
    // A cluster of kind on another machine, or without that port, is as any other.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
