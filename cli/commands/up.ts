import { Command, Option } from 'commander';
import { UsageError } from '../failure.ts';
import { checkModels } from '../project/models.ts';
import type { Cluster } from '../targets/cluster.ts';
import { clusterNamed } from '../targets/find.ts';
import { defaultGrpcPort, engineOption, examples, onOption, parsePort, type CommandContext } from './options.ts';
import { upOnCluster } from './up-cluster.ts';
import { upOnThisMachine } from './up-local.ts';
import type { UpOptions } from './up-options.ts';

export function upCommand(context: CommandContext): Command {
  return new Command('up')
    .description(
      'run the model in replicas that come back, wait until they are ready, and prove it with one prediction of each model',
    )
    .addOption(onOption('local'))
    .option('--port <number>', 'port on this machine (default: 8080; on kind it is the one in kind.yaml)', parsePort)
    .option('--grpc-port <number>', 'port for gRPC on this machine (default: 8001)', parsePort)
    .option('--detach', 'return once ready, instead of staying until Ctrl-C')
    .option('--watch', 'on this machine: replace the replicas when a model or the code of the service changes')
    .option(
      '--json',
      'print one JSON object once ready: target, url, grpc, image, answer, answers, steps with their seconds',
    )
    .option('--verbose', 'show every step and the plain commands, and which manifest fields do not apply locally')
    .option('--image <reference>', 'on a cluster: run this image, which the nodes can pull, instead of building one')
    .option(
      '--registry <host/path>',
      'on a cluster: push the image there for the nodes to pull, instead of loading it into them',
    )
    .option('--base-image <reference>', "on a cluster: base of the image; also BASE_IMAGE (default: the Dockerfile's)")
    .option(
      '--build-image <reference>',
      "on a cluster: image to build in; also BUILD_IMAGE (default: the Dockerfile's)",
    )
    .addOption(
      new Option('--node-image <reference>', "on kind: the nodes' image (default: kind's)").env('KIND_NODE_IMAGE'),
    )
    .addOption(engineOption())
    .addHelpText(
      'after',
      examples(
        'rhizome up                              # two processes on this machine, until Ctrl-C',
        'rhizome up --detach && rhizome predict',
        'rhizome up --on kind                    # a local Kubernetes cluster, at http://localhost:8080',
        'rhizome up --on context=staging --registry registry.example/team',
        'rhizome up --on context=staging --image registry.example/iris-server:v0.1.0',
      ),
    )
    .action(async (options: UpOptions) => {
      const on = options.on ?? 'local';
      const cluster = on === 'local' ? undefined : clusterNamed(context, on, options);
      refuseWhatDoesNothing(cluster, options);
      if (options.image === undefined) await checkModels(context.root);
      if (cluster === undefined) await upOnThisMachine(context, options);
      else await upOnCluster(context, cluster, options);
    });
}

/** An option that would be ignored in silence is a misunderstanding; KIND_NODE_IMAGE may lie about in the environment. */
function refuseWhatDoesNothing(cluster: Cluster | undefined, options: UpOptions): void {
  if (cluster?.mapsPort === true && options.port !== undefined)
    throw new UsageError('--port does nothing on kind: its port is fixed when the cluster is made.', {
      hint: 'Change `hostPort` in kind.yaml, then `rhizome down --on kind` and up again.',
    });
  if (options.image !== undefined && options.registry !== undefined)
    throw new UsageError('--registry does nothing with --image, which names an image that is there already.', {
      hint: 'Leave one of them out.',
    });
  if (options.watch === true && (cluster !== undefined || options.detach === true))
    throw new UsageError(`--watch does nothing ${cluster === undefined ? 'with --detach' : 'on a cluster'}.`, {
      hint: 'Leave it out, or run `rhizome up --watch` in a terminal of its own: it replaces local replicas.',
    });
  if (cluster !== undefined && options.grpcPort !== undefined)
    throw new UsageError('--grpc-port does nothing on a cluster: no port of this machine leads to gRPC there.', {
      hint: `Leave it out. kubectl leads there: \`kubectl port-forward service/NAME ${defaultGrpcPort}\`.`,
    });
  if (cluster !== undefined) return;
  const flags = {
    '--image': options.image,
    '--registry': options.registry,
    '--base-image': options.baseImage,
    '--build-image': options.buildImage,
  };
  const given = Object.entries(flags).find(([, value]) => value !== undefined);
  if (given !== undefined)
    throw new UsageError(`${given[0]} does nothing on this machine: replicas are processes here, not containers.`, {
      hint: 'Add --on kind, or leave it out.',
    });
}
