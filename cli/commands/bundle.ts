import { Command, Option } from 'commander';
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import {
  createStaging,
  describeBundle,
  packProject,
  writeArchive,
  type BundledImages,
  type Staging,
} from '../bundle/bundle.ts';
import { nodeImageOf } from '../bundle/node-image.ts';
import { saveImage } from '../images/archive.ts';
import { build } from '../images/build.ts';
import { tagByContent } from '../images/content-tag.ts';
import { createSteps, type Steps } from '../terminal/steps.ts';
import { chooseContainerEngine, imageUntag, type ContainerEngine } from '../tools/container-engine.ts';
import { checkContainerEngine } from '../tools/engine-check.ts';
import { exec } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';
import { engineOption, examples, type CommandContext } from './options.ts';

interface BundleFlags {
  readonly output: string;
  readonly local?: boolean;
  readonly baseImage?: string;
  readonly buildImage?: string;
  readonly nodeImage?: string;
  readonly engine?: ContainerEngine;
  readonly json?: boolean;
}

export function bundleCommand(context: CommandContext): Command {
  return new Command('bundle')
    .summary('pack everything to run without a network')
    .description(
      'write an archive that runs the models on another machine without any network: project, npm packages, ' +
        'image, image of the nodes of kind',
    )
    .option('--output <file>', 'archive to write', 'rhizome.tar')
    .option('--local', 'leave out the images: the archive runs the models as processes only, and needs no Docker here')
    .option('--base-image <reference>', "base image; also BASE_IMAGE (default: the Dockerfile's)")
    .option('--build-image <reference>', "image to build in; also BUILD_IMAGE (default: the Dockerfile's)")
    .addOption(
      new Option('--node-image <reference>', "image of kind's nodes (default: that of the cluster that exists)").env(
        'KIND_NODE_IMAGE',
      ),
    )
    .addOption(engineOption())
    .option('--json', 'print {"file", "bytes", "image", "nodeImage", "steps"}')
    .addHelpText(
      'after',
      examples('rhizome bundle', 'rhizome bundle --local --output models.tar', 'tar -xf rhizome.tar && rhizome/up'),
    )
    .action(async (flags: BundleFlags) => {
      const { output, json = false } = flags;
      const { run, times } = createSteps(context.report);
      const staging = await createStaging(context);
      try {
        const images = flags.local === true ? undefined : await packImages(context, run, staging, flags);
        const registry = await run('Download the npm packages', () => packProject(context, staging, output));
        await run('Synthesize the manifests', () => describeBundle(context, staging, { registry, images }));
        await run('Write the archive', () => writeArchive(context, staging, output));
        const { size: bytes } = await stat(output);
        if (json)
          context.print(
            JSON.stringify({ file: output, bytes, image: images?.image, nodeImage: images?.nodeImage, steps: times }),
          );
        else {
          // tar takes what is before a colon for the name of a host, unless it contains a slash.
          const file = quote([output.includes(':') && !isAbsolute(output) ? `./${output}` : output]);
          context.print(
            `${output}, ${String(Math.round(bytes / 1e6))} MB\n` +
              `On the other machine: tar -xf ${file} && rhizome/up${images === undefined ? '' : ' kind'}`,
          );
        }
      } finally {
        await staging.remove();
      }
    });
}

async function packImages(
  context: CommandContext,
  run: Steps['run'],
  { folder }: Staging,
  flags: BundleFlags,
): Promise<BundledImages> {
  const engine = chooseContainerEngine(flags.engine);
  // What is missing is found before a build that takes minutes.
  const nodeImage = await run('Check the tools', async () => {
    await checkContainerEngine(context, engine);
    return nodeImageOf(context, engine, flags.nodeImage);
  });
  const image = await run('Build the image', async () =>
    tagByContent(context, engine, (await build(context, engine, flags)).image),
  );
  await run('Save the images', async () => {
    await saveImage(context, engine, image, join(folder, 'image.tar'));
    await saveImage(context, engine, nodeImage, join(folder, 'node-image.tar'));
    // Only the archive needs the tag; the image keeps its other one.
    await exec(context, imageUntag(engine, image));
  });
  return { engine, image, nodeImage };
}
