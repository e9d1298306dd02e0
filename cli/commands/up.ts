import { Command, Option } from 'commander';
import { UsageError } from '../failure.ts';
import { checkModels } from '../project/models.ts';
import type { Cluster } from '../targets/cluster.ts';
import { clusterNamed } from '../targets/find.ts';
import { isTerminal } from '../terminal/style.ts';
import { createWalkthrough } from '../terminal/walkthrough.ts';
import {
  defaultGrpcPort,
  engineOption,
  examples,
  onOption,
  parseEnvironment,
  parsePort,
  parseShare,
  type CommandContext,
} from './options.ts';
import { upOnCluster } from './up-cluster.ts';
import { upOnThisMachine } from './up-local.ts';
import type { UpOptions } from './up-options.ts';

export function upCommand(context: CommandContext): Command {
  return new Command('up')
    .summary('run the models and check a prediction')
    .description('run the models in replicas that restart, wait until they are ready, and check a prediction of each')
    .addOption(onOption('local'))
    .option('--env <name>', 'environment in infra/environments.ts (default: local)', parseEnvironment)
    .option('--port <number>', 'port on this machine (default: 8080; on kind, the one in kind.yaml)', parsePort)
    .option('--grpc-port <number>', 'port for gRPC on this machine, local only (default: 8001)', parsePort)
    .option('--detach', 'return when the replicas are ready, instead of staying until Ctrl-C')
    .option('--watch', 'deploy again when a model, code, infra/, or what the image is made of changes')
    .option('--board', 'also open the board, as `rhizome board` does, and print its address')
    .option(
      '--json',
      'print one JSON object when ready: target, url, grpc, board, image, answer, answers, withoutExamples, ' +
        'and steps with their seconds',
    )
    .option('--verbose', 'show every step and command, and the manifest fields that do not apply locally')
    .option('--explain', 'say why each step is there, show its command, and wait for Enter before it runs')
    .option('--no-verify', 'on a cluster: deploy the models without running their examples on this machine first')
    .option(
      '--max-change <share>',
      'on a cluster: most predictions of the examples in which a canary may differ, before it gets requests ' +
        '(default: 0%)',
      parseShare,
    )
    .option('--image <reference>', 'on a cluster: run this image, which the nodes can pull, instead of building one')
    .option('--registry <host/path>', 'on a cluster: push the image there, instead of loading it into the nodes')
    .option('--base-image <reference>', "on a cluster: base image; also BASE_IMAGE (default: the Dockerfile's)")
    .option(
      '--build-image <reference>',
      "on a cluster: image to build in; also BUILD_IMAGE (default: the Dockerfile's)",
    )
    .addOption(
      new Option('--node-image <reference>', "on kind: image of the nodes (default: kind's)").env('KIND_NODE_IMAGE'),
    )
    .addOption(engineOption())
    .addHelpText(
      'after',
      examples(
        'rhizome up                       # two local processes, until Ctrl-C',
        'rhizome up --detach && rhizome predict',
        'rhizome up --on kind             # a Kubernetes cluster on this machine',
        'rhizome up --on kind --explain   # the same, step by step',
        'rhizome up --on context=staging --registry registry.example/team',
        'rhizome up --on context=staging --env staging',
        'rhizome up --on context=staging --image registry.example/iris-server:v0.1.0',
      ),
    )
    .action(async (options: UpOptions) => {
      const explained = options.explain === true ? withWalkthrough(context) : context;
      const on = options.on ?? 'local';
      const cluster =
        on === 'local'
          ? undefined
          : clusterNamed(explained, on, {
              ...options,
              ...(options.env !== undefined && { environment: options.env }),
            });
      refuseUnusedOptions(cluster, options);
      if (options.image === undefined) await checkModels(context.root);
      if (cluster === undefined) await upOnThisMachine(explained, options);
      else await upOnCluster(explained, cluster, options);
    });
}

/** @throws {UsageError} if nobody could press Enter */
function withWalkthrough(context: CommandContext): CommandContext {
  if (!process.stdin.isTTY || !isTerminal(process.stderr))
    throw new UsageError('--explain waits for Enter before each step, but there is no terminal to type in.', {
      hint: 'Run it in a terminal; or use --verbose, which prints each step and its command without waiting.',
    });
  const walkthrough = createWalkthrough(context.report, {
    input: process.stdin,
    write: (question) => process.stderr.write(question),
    signal: context.signal,
  });
  return { ...context, report: walkthrough.report, walkthrough };
}

/** Refuses options that have no effect, which are misunderstandings. KIND_NODE_IMAGE may be set for other reasons. */
function refuseUnusedOptions(cluster: Cluster | undefined, options: UpOptions): void {
  if (cluster?.mapsPort === true && options.port !== undefined)
    throw new UsageError('--port has no effect on kind: the port is fixed when the cluster is created.', {
      hint: 'Change `hostPort` in kind.yaml, then run `rhizome down --on kind` and `rhizome up --on kind`.',
    });
  if (options.image !== undefined && options.registry !== undefined)
    throw new UsageError('--registry has no effect with --image, which names an image that exists already.', {
      hint: 'Leave out one of them.',
    });
  if (options.watch === true && options.detach === true)
    throw new UsageError('--watch has no effect with --detach.', {
      hint: 'Leave it out, or run `rhizome up --watch` in a terminal of its own.',
    });
  if (options.board === true && options.detach === true)
    throw new UsageError('--board has no effect with --detach: the board is open for as long as its command runs.', {
      hint: 'Leave it out, then run `rhizome board`.',
    });
  if (options.watch === true && options.image !== undefined)
    throw new UsageError('--watch has no effect with --image, which is not built from this folder.', {
      hint: 'Leave out one of them.',
    });
  if (cluster !== undefined && options.grpcPort !== undefined)
    throw new UsageError('--grpc-port has no effect on a cluster: no port of this machine leads to gRPC there.', {
      hint: `To reach gRPC, forward a port instead: kubectl port-forward service/NAME-headless ${defaultGrpcPort}`,
    });
  if (cluster !== undefined) return;
  const flags = {
    '--no-verify': options.verify === false ? true : undefined,
    '--max-change': options.maxChange,
    '--image': options.image,
    '--registry': options.registry,
    '--base-image': options.baseImage,
    '--build-image': options.buildImage,
  };
  const given = Object.entries(flags).find(([, value]) => value !== undefined);
  if (given !== undefined)
    throw new UsageError(`${given[0]} has no effect without a cluster: local replicas are processes, not containers.`, {
      hint: 'Add --on kind, or leave out the option.',
    });
}
