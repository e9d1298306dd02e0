import { once } from 'node:events';
import { toJson } from '../json.ts';
import { privateCharts, readManifests } from '../project/manifests.ts';
import { assertPredictions } from '../ask/predict.ts';
import { createSteps } from '../terminal/steps.ts';
import { synth } from '../project/synth.ts';
import { detach, startLocalRuntime, type LocalRuntime, type ReplicaEvent } from '../local/index.ts';
import { localTarget } from '../targets/local.ts';
import { defaultGrpcPort, defaultPort, type CommandContext } from './options.ts';
import type { UpOptions } from './up-options.ts';

/** The steps of `up` on the local runtime, which runs the same manifests as processes of this machine. */
export async function upOnThisMachine(context: CommandContext, options: UpOptions): Promise<void> {
  const { report, root, signal } = context;
  const { run, times } = createSteps(report);
  const onEvent = ({ replica, reason, message }: ReplicaEvent): void => {
    report.line(`${replica} ${reason}: ${message}`);
  };

  const { file, progressDeadlineSeconds: timeoutSeconds } = await run('Synthesize the manifests', async () => {
    await synth(context, { outdir: privateCharts });
    return readManifests(root, privateCharts);
  });
  const engine = {
    manifests: file,
    root,
    port: options.port ?? defaultPort,
    grpcPort: options.grpcPort ?? defaultGrpcPort,
    onEvent,
  };
  const ready = async ({
    url,
    grpc,
    unsupported,
  }: Pick<LocalRuntime, 'url' | 'grpc' | 'unsupported'>): Promise<void> => {
    for (const { fields, meaning } of unsupported) report.line(`not on this machine: ${fields.join(', ')}: ${meaning}`);
    const { answers, curls } = await run('Predict', (skip) => assertPredictions(context, url, skip));
    context.print(
      options.json === true
        ? toJson({ target: 'local', url, grpc, answer: answers[0]?.answer, answers, steps: times })
        : nextSteps(url, grpc, curls),
    );
  };

  if (options.detach === true) {
    await ready(await run('Start the replicas', () => detach({ ...engine, timeoutSeconds, signal })));
    return;
  }
  const running = await run('Start the replicas', () => startLocalRuntime(engine));
  try {
    await run('Wait for the replicas', () => running.waitReady({ timeoutSeconds, signal }));
    await ready(running);
    report.line('Ctrl-C stops the replicas. Their log:');
    // With --json standard output is for the one object.
    if (options.json === true) await once(signal, 'abort');
    else await localTarget(root).logs({ follow: true, signal });
  } finally {
    report.line('Stopping the replicas.');
    await running.stop();
  }
}

function nextSteps(url: string, grpc: string | undefined, curls: readonly string[]): string {
  return [
    '',
    `${curls.length === 1 ? 'The model answers' : 'The models answer'} at ${url}, documentation at ${url}/docs`,
    ...(grpc === undefined ? [] : [`gRPC, the Open Inference Protocol, is at ${grpc}`]),
    '',
    'Try',
    ...curls.map((curl) => `  ${curl}`),
    '  npx rhizome status            # then kill -9 one of the PIDs: it comes back',
    '  npx rhizome up --on kind      # the same manifests on Kubernetes',
    '',
  ].join('\n');
}
