import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { Manifests } from '../project/manifests.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlForward } from '../tools/kubectl.ts';
import { quote } from '../tools/quote.ts';
import { scopeOf } from './scope.ts';
import { checkPortFree } from '../tools/port.ts';

/** A port of this machine that is forwarded to the Service until it is closed. */
export interface Forward {
  readonly url: string;
  close(): Promise<void>;
}

/** Timeout of the first connection. */
const timeoutMilliseconds = 20_000;
/** Pause before reconnecting. */
const pauseMilliseconds = 200;

/**
 * Runs `kubectl port-forward`, and runs it again whenever it ends, since it is bound to one pod. Requests fail in the
 * meantime, so this is for trying things out: a rollout is lossless only through the Service itself.
 * @param port 0 picks a free port
 * @throws {Failure} if the port is in use, or no pod can be reached within 20 s
 */
export async function openForward(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
  port: number,
): Promise<Forward> {
  if (port !== 0) await checkPortFree(port, 'Choose another port with --port.');
  const scope = scopeOf(kubeContext, manifests);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const connected = Promise.withResolvers<number>();
  let local = port;
  let failure: unknown;

  const connect = async (quiet: boolean): Promise<void> => {
    const lost = new AbortController();
    const argv = kubectlForward(scope, manifests.service.name, local, manifests.service.port);
    await exec({ ...context, signal: AbortSignal.any([signal, lost.signal]) }, argv, {
      quiet,
      onLine(line) {
        const boundPort = parseBoundPort(line);
        if (boundPort !== undefined) {
          local = boundPort;
          connected.resolve(local);
        }
        // kubectl keeps listening after its pod is gone.
        if (reportsLostPod(line)) lost.abort();
      },
    });
  };
  const keepConnected = async (): Promise<void> => {
    for (let attempts = 0; !signal.aborted; attempts++) {
      await connect(attempts > 0).catch((error: unknown) => {
        failure = error;
      });
      await sleep(pauseMilliseconds, undefined, { signal }).catch(() => undefined);
    }
    connected.reject(signal.reason);
  };
  const ended = keepConnected();
  const close = async (): Promise<void> => {
    stop.abort();
    await ended;
    if (port !== 0) await rm(stateFile(context.root, kubeContext), { force: true });
  };

  const timeout = setTimeout(() => {
    connected.reject(
      new Failure(`kubectl could not forward a port to the Service within ${String(timeoutMilliseconds / 1000)} s.`, {
        details: failure instanceof CommandFailed ? failure.details : [],
        hint: `Try it yourself: ${quote(kubectlForward(scope, manifests.service.name, port, manifests.service.port))}`,
        cause: failure,
      }),
    );
  }, timeoutMilliseconds);
  try {
    const url = `http://localhost:${String(await connected.promise)}`;
    // A free port is for the caller alone. Commands in other terminals may use one that was chosen.
    if (port !== 0) await saveForward(context.root, kubeContext, url);
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(timeout);
  }
}

// kubectl has no machine-readable output for port-forward.

/** Reads the port in `Forwarding from 127.0.0.1:8080 -> 8000`. */
function parseBoundPort(line: string): number | undefined {
  const port = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
  return port === undefined ? undefined : Number(port);
}

/** Whether kubectl reports that the pod is gone. */
const reportsLostPod = (line: string): boolean =>
  /lost connection to pod|error forwarding port|network namespace .* is closed/.test(line);

const stateFile = (root: string, kubeContext: string): string =>
  join(root, '.rhizome', `forward-${encodeURIComponent(kubeContext)}.json`);

async function saveForward(root: string, kubeContext: string, url: string): Promise<void> {
  await mkdir(join(root, '.rhizome'), { recursive: true });
  await writeFile(stateFile(root, kubeContext), JSON.stringify({ url, pid: process.pid }));
}

/** Returns the URL of a port-forward that an `up` in another terminal keeps open. */
export async function forwardedUrl(root: string, kubeContext: string): Promise<string | undefined> {
  try {
    const { url, pid } = JSON.parse(await readFile(stateFile(root, kubeContext), 'utf8')) as {
      url: string;
      pid: number;
    };
    process.kill(pid, 0);
    return url;
  } catch {
    return undefined;
  }
}
