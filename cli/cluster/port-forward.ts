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

/** A local port that leads to the Service while it is open. */
export interface Forward {
  readonly url: string;
  close(): Promise<void>;
}

/** How long the first connection may take, and the pause before each next one, in milliseconds. */
const firstDeadline = 20_000;
const pause = 200;

/**
 * Runs `kubectl port-forward`, again and again: it is bound to one pod and ends with it. Requests fail in between, so
 * this is for trying things out; a rollout is lossless only through the Service itself.
 * @param port 0 picks a free one
 * @throws Failure where the port is busy, or no pod can be reached within 20 s
 */
export async function openForward(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
  port: number,
): Promise<Forward> {
  if (port !== 0) await checkPortFree(port, 'Name another one with --port.');
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
        const bound = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (bound !== undefined) {
          local = Number(bound);
          connected.resolve(local);
        }
        // kubectl goes on listening for a pod that is gone.
        if (/lost connection to pod|error forwarding port|network namespace .* is closed/.test(line)) lost.abort();
      },
    });
  };
  const keepConnected = async (): Promise<void> => {
    for (let attempts = 0; !signal.aborted; attempts++) {
      await connect(attempts > 0).catch((error: unknown) => {
        failure = error;
      });
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
    connected.reject(signal.reason);
  };
  const ended = keepConnected();
  const close = async (): Promise<void> => {
    stop.abort();
    await ended;
    if (port !== 0) await rm(stateFile(context.root, kubeContext), { force: true });
  };

  const tooLate = setTimeout(() => {
    connected.reject(
      new Failure(`No port could be forwarded to the Service within ${String(firstDeadline / 1000)} s.`, {
        details: failure instanceof CommandFailed ? failure.details : [],
        hint: `Try it by hand: ${quote(kubectlForward(scope, manifests.service.name, port, manifests.service.port))}`,
        cause: failure,
      }),
    );
  }, firstDeadline);
  try {
    const url = `http://localhost:${String(await connected.promise)}`;
    // A free port is for the caller alone; one that was chosen is for the commands in other terminals too.
    if (port !== 0) await remember(context.root, kubeContext, url);
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(tooLate);
  }
}

const stateFile = (root: string, kubeContext: string): string =>
  join(root, '.rhizome', `forward-${encodeURIComponent(kubeContext)}.json`);

async function remember(root: string, kubeContext: string, url: string): Promise<void> {
  await mkdir(join(root, '.rhizome'), { recursive: true });
  await writeFile(stateFile(root, kubeContext), JSON.stringify({ url, pid: process.pid }));
}

/** The URL of the forward that an `up` in another terminal holds open. */
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
