import { Command } from 'commander';
import { imagesFile } from '../../infra/props/recorded-images.ts';
import { variables } from '../../service/contract/index.ts';
import { UsageError } from '../failure.ts';
import { build } from '../images/build.ts';
import { imageName } from '../images/manifest-image.ts';
import { nameInRegistry } from '../images/push.ts';
import { nameToPush, pushAndRecord } from '../images/recorded.ts';
import { checkContainerEngine } from '../tools/engine-check.ts';
import { createSteps } from '../terminal/steps.ts';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import { engineOption, examples, type CommandContext } from './options.ts';

interface BuildFlags {
  readonly tag?: string;
  readonly baseImage?: string;
  readonly buildImage?: string;
  readonly platform?: string;
  readonly push?: boolean;
  readonly registry?: string;
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
    .option('--push', 'push the image, and record its digest in infra/images.json for the manifests')
    .option(
      '--registry <registry>',
      "with --push: registry and path, such as registry.example/team (default: the name's)",
    )
    .addOption(engineOption())
    .option('--json', 'print {"image", "bytes", "steps"}, and with --push "digest" and "platforms"')
    .addHelpText(
      'after',
      examples(
        'rhizome build',
        'rhizome build --base-image mirror.example/node:24-slim',
        'rhizome build --platform linux/arm64 --tag iris-server:v0.1.0-arm64',
        'rhizome build --push --registry registry.example/team && rhizome synth',
      ),
    )
    .action(async (flags: BuildFlags) => {
      const { push = false, registry, platform } = flags;
      if (registry !== undefined && !push)
        throw new UsageError('--registry has no effect without --push.', { hint: 'Add --push.' });
      if (registry !== undefined) nameInRegistry(registry, 'image');
      const engine = chooseContainerEngine(flags.engine);
      const { run, times } = createSteps(context.report);
      await run('Check the tools', () => checkContainerEngine(context, engine));
      // Before a build that takes minutes.
      const tag = flags.tag ?? (push ? await imageName(context) : undefined);
      const name = push && tag !== undefined ? nameToPush(tag, registry) : undefined;
      const options = { ...flags, ...(tag !== undefined && { tag }) };
      const { image, bytes } = await run('Build the image', () => build(context, engine, options));
      if (name !== undefined) {
        const platforms = platform?.split(',');
        const pushed = await run('Push the image', () =>
          pushAndRecord(context, engine, { image, name, ...(platforms && { platforms }) }),
        );
        if (flags.json === true)
          context.print(
            JSON.stringify({ image: name, bytes, digest: pushed.digest, platforms: pushed.platforms, steps: times }),
          );
        else context.print(nextSteps(pushed.reference, name === tag ? undefined : name));
      } else if (flags.json === true) context.print(JSON.stringify({ image, bytes, steps: times }));
      // Otherwise `docker stop` and Ctrl-C would kill it after 10 s, before it has sent all responses.
      else
        context.print(
          `${image}, ${String(Math.round(bytes / 1e6))} MB\n` +
            `Try: ${engine} run --rm --stop-timeout ${variables.GRACE_PERIOD_SECONDS.default} ` +
            `--publish 127.0.0.1:8080:8000 ${image}`,
        );
    });
}

/** @param renamed the name in the registry, if infra/ may have another */
const nextSteps = (reference: string, renamed: string | undefined): string =>
  [
    reference,
    `Recorded in ${imagesFile}.`,
    ...(renamed === undefined ? [] : [`Next: set the image of production to '${renamed}' in infra/environments.ts.`]),
    `${renamed === undefined ? 'Next' : 'Then'}: rhizome synth, and commit ${imagesFile} with charts-out/.`,
  ].join('\n');
