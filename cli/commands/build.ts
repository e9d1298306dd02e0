import { Command } from 'commander';
import { variables } from '../../service/contract/index.ts';
import { build } from '../images/build.ts';
import { checkContainerEngine } from '../tools/engine-check.ts';
import { createSteps } from '../terminal/steps.ts';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import { engineOption, examples, type CommandContext } from './options.ts';

interface BuildFlags {
  readonly tag?: string;
  readonly baseImage?: string;
  readonly buildImage?: string;
  readonly platform?: string;
  readonly engine?: ContainerEngine;
  readonly json?: boolean;
}

export function buildCommand(context: CommandContext): Command {
  return new Command('build')
    .summary('build the image')
    .description('build the image; NODE_EXTRA_CA_CERTS and ~/.npmrc are passed as build secrets, if they exist')
    .option('--tag <name:tag>', 'name of the image (default: its name in the manifests)')
    .option('--base-image <reference>', "base image; also BASE_IMAGE (default: the Dockerfile's)")
    .option('--build-image <reference>', "image to build in; also BUILD_IMAGE (default: the Dockerfile's)")
    .option('--platform <os/architecture>', "such as linux/arm64; needs no emulation (default: the container engine's)")
    .addOption(engineOption())
    .option('--json', 'print {"image", "bytes", "steps"}')
    .addHelpText(
      'after',
      examples(
        'rhizome build',
        'rhizome build --base-image mirror.example/node:24-slim',
        'rhizome build --platform linux/arm64 --tag iris-server:v0.1.0-arm64',
      ),
    )
    .action(async (flags: BuildFlags) => {
      const engine = chooseContainerEngine(flags.engine);
      const { run, times } = createSteps(context.report);
      await run('Check the tools', () => checkContainerEngine(context, engine));
      const { image, bytes } = await run('Build the image', () => build(context, engine, flags));
      if (flags.json === true) context.print(JSON.stringify({ image, bytes, steps: times }));
      // Otherwise `docker stop` and Ctrl-C would kill it after 10 s, before it has sent all responses.
      else
        context.print(
          `${image}, ${String(Math.round(bytes / 1e6))} MB\n` +
            `Try: ${engine} run --rm --stop-timeout ${variables.GRACE_PERIOD_SECONDS.default} ` +
            `--publish 127.0.0.1:8080:8000 ${image}`,
        );
    });
}
