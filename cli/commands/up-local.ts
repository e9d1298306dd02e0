import { once } from 'node:events';
import { sep } from 'node:path';
import { verifyModels } from '../ask/verify-models.ts';
import type { Board } from '../board/board.ts';
import { toJson } from '../json.ts';
import {
  describeStopper,
  detach,
  startLocalRuntime,
  type LocalRuntime,
  type ReplicaEvent,
  type UnsupportedFields,
  watchFiles,
} from '../local/index.ts';
import { checkEnvironment, defaultEnvironment } from '../project/environment.ts';
import { privateCharts, readManifests } from '../project/manifests.ts';
import { synth } from '../project/synth.ts';
import { reportFailure } from '../steps/keep-going.ts';
import { reloadManifests } from '../steps/reload-manifests.ts';
import { localTarget } from '../targets/local.ts';
import { logFormatFor } from '../terminal/log-format.ts';
import { briefReporter, withoutCommands } from '../terminal/reporter.ts';
import { createSteps } from '../terminal/steps.ts';
import { isTerminal } from '../terminal/style.ts';
import { openBoardOf } from './board.ts';
import { firstScreen, summaryOf } from './first-screen.ts';
import { defaultGrpcPort, defaultPort, type CommandContext } from './options.ts';
import type { UpOptions } from './up-options.ts';
import { upSteps } from './up-steps.ts';

/** Runs the manifests with the local runtime, as processes of this machine. */
export async function upOnThisMachine(given: CommandContext, options: UpOptions): Promise<void> {
  const { root, signal } = given;
  const detailed = options.verbose === true || options.explain === true;
  const report = detailed ? given.report : briefReporter(given.report);
  const context = { ...given, root, report };
  const { run, times } = createSteps(report, { walkthrough: given.walkthrough });
  const { env: environment = defaultEnvironment } = options;
  const events = eventLines(report, detailed);

  const { file, progressDeadlineSeconds: timeoutSeconds } = await run(upSteps.synthesize, async () => {
    await synth(context, { outdir: privateCharts, environment: defaultEnvironment });
    checkEnvironment(root, privateCharts, environment);
    return readManifests(root, privateCharts, environment);
  });
  const runtime = {
    manifests: file,
    root,
    port: options.port ?? defaultPort,
    grpcPort: options.grpcPort ?? defaultGrpcPort,
    onEvent: events.show,
  };
  let board: Board | undefined;
  const ready = async ({
    url,
    grpc,
    unsupported,
  }: Pick<LocalRuntime, 'url' | 'grpc' | 'unsupported'>): Promise<void> => {
    events.ready();
    const verification = await run(upSteps.predict, (skip) => verifyModels(context, url, skip));
    board = options.board === true ? await openBoardOf(context, localTarget(root)) : undefined;
    if (options.verbose === true) for (const line of unsupportedLines(unsupported)) report.line(line);
    context.print(
      options.json === true
        ? toJson({ target: 'local', url, grpc, board: board?.url, ...summaryOf(verification), steps: times })
        : firstScreen({
            url,
            grpc,
            board: board?.url,
            unsupported,
            verification,
            root,
            detached: options.detach === true,
          }),
    );
  };

  if (options.detach === true) {
    await ready(await run(upSteps.start, () => detach({ ...runtime, timeoutSeconds, signal })));
    return;
  }
  const running = await run(upSteps.start, () => startLocalRuntime(runtime));
  const ended = new AbortController();
  const reload = (path: string): Promise<void> =>
    reloadManifests({ ...context, report: withoutCommands(given.report) }, { path, file, running });
  try {
    let serve = (): void => undefined;
    if (options.watch === true) {
      // What changes while the replicas start replaces them once they serve.
      let reloading = new Promise<void>((resolve) => (serve = resolve));
      watchFiles(root, {
        signal: AbortSignal.any([signal, ended.signal]),
        onChange: (paths) => {
          const ofManifests = (path: string): boolean => path.startsWith(`infra${sep}`) || path === 'cdk8s.yaml';
          const manifest = paths.findLast(ofManifests);
          const other = paths.findLast((path) => !ofManifests(path));
          if (manifest !== undefined) reloading = reloading.then(() => reload(manifest));
          if (other === undefined) return;
          reloading = reloading.then(() => {
            given.report.line(`${other} changed: replacing the replicas.`);
            running.replace();
          });
        },
        onError: (failure) => {
          reportFailure(given, failure);
        },
      });
    }
    await run({ ...upSteps.wait, pauseFirst: true }, () => running.waitReady({ timeoutSeconds, signal }));
    await ready(running);
    serve();
    // With --json, standard output is for the one object.
    if (options.json === true) await once(signal, 'abort');
    else
      await localTarget(root).logs({
        follow: true,
        signal,
        format: logFormatFor(process.stdout),
        // A reader has seen that the replicas are ready; a program gets the whole log.
        ...(isTerminal(process.stdout) && { tail: 0 }),
      });
  } finally {
    ended.abort();
    await board?.close();
    report.line(describeStopper(root) ?? 'Stopping the replicas.');
    await running.stop();
  }
}

/** Shows what happens to the replicas: the latest of each as progress until all are ready, then lines that stay. */
function eventLines(report: CommandContext['report'], verbose: boolean) {
  const latest = new Map<string, string>();
  let allReady = verbose;
  return {
    show: ({ replica, reason, message }: ReplicaEvent): void => {
      const line = `${replica} ${reason}: ${message}`;
      latest.set(replica, line);
      if (allReady) report.line(line);
      else report.progress([...latest.values()]);
    },
    ready: (): void => {
      allReady = true;
    },
  };
}

const unsupportedLines = (groups: readonly UnsupportedFields[]): readonly string[] =>
  groups.map(({ fields, meaning }) => `does not apply to local processes: ${fields.join(', ')} (${meaning})`);
