import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { isRegistry, parseImageReference, splitRegistry } from '../../infra/props/image-reference.ts';
import { repositoryFiles } from '../../onnx/file/repository-files.ts';
import { Failure, UsageError } from '../failure.ts';
import { fullName } from '../images/archive.ts';
import { loadIntoKind } from '../images/kind-nodes.ts';
import { loadIntoMinikube } from '../images/minikube-nodes.ts';
import { toJson } from '../json.ts';
import { createModelImage, writeArchive, type ModelImage } from '../model-images/model-image.ts';
import { pushModelImage } from '../model-images/registry.ts';
import { verifyHere } from '../steps/verify-here.ts';
import { readKindConfig } from '../targets/kind-config.ts';
import { createSteps } from '../terminal/steps.ts';
import { chooseContainerEngine } from '../tools/container-engine.ts';
import { examples, type CommandContext } from './options.ts';

interface PushModelFlags {
  readonly on?: string;
  readonly verify: boolean;
  readonly json?: boolean;
}

export function pushModelCommand(context: CommandContext): Command {
  return new Command('push-model')
    .summary('make an image of models, and push it to a registry')
    .description('make an image of a models folder, or of the folder of one model, which pods mount as a volume')
    .argument('<folder>', 'such as models or models/iris')
    .argument('<name>', 'registry and name, and optionally a tag (default: a hash of the content)')
    .option('--on <target>', 'load it into the nodes of kind or minikube instead')
    .option('--no-verify', "don't run the examples of the models on this machine first")
    .option('--json', 'print {"reference", "digest", "files"}')
    .addHelpText(
      'after',
      examples(
        'rhizome push-model models registry.example.com/team/iris-models',
        'rhizome push-model models/iris iris-models --on kind',
      ),
    )
    .action(async (folder: string, reference: string, { on, verify, json }: PushModelFlags) => {
      const name = checkReference(reference, on);
      const files = repositoryFiles(resolve(folder));
      if (files.length === 0)
        throw new Failure(`${folder} has no model.`, {
          hint: 'Name a folder with NAME/model.onnx, or with model.onnx.',
        });
      const { run } = createSteps(context.report);
      if (verify) await run('Verify the models', (skip) => verifyHere(context, skip, resolve(folder)));
      const work = await mkdtemp(join(tmpdir(), 'rhizome-model-image-'));
      try {
        const image = await run('Make the image', () => createModelImage(files, work));
        const tag = name.tag ?? image.index.digest.slice('sha256:'.length, 'sha256:'.length + 12);
        const tagged = `${name.repository}:${tag}`;
        if (on === undefined)
          await run('Push the image', async (skip) => {
            const { registry = '', path } = splitRegistry(name.repository);
            const hadThem = await pushModelImage(image, { registry, path, tag }, (share) => {
              context.report.share(share);
            });
            if (hadThem) skip(`${registry} has these models already`);
          });
        else await run('Load the image', (skip) => load(context, on, image, tagged, join(work, 'image.tar'), skip));
        // A node finds an image that was loaded by its tag only.
        const printed = on === undefined ? `${tagged}@${image.index.digest}` : tagged;
        context.print(
          json === true
            ? toJson({ reference: printed, digest: image.index.digest, files: files.map(({ path }) => path) })
            : `${printed}\nIn infra/environments.ts: models: { image: '${printed}' }`,
        );
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    });
}

function checkReference(reference: string, on: string | undefined) {
  if (on !== undefined && on !== 'kind' && on !== 'minikube')
    throw new UsageError(`--on ${on} is not valid: expected kind or minikube.`, {
      hint: 'Nodes of other clusters pull from a registry: leave --on out.',
    });
  const parsed = parseImageReference(reference);
  if (parsed === undefined || parsed.digest !== undefined || parsed.tag === 'latest')
    throw new UsageError(`${reference} is not a name for an image.`, {
      hint: 'Expected a registry and a name, such as registry.example.com/iris-models, without a digest or latest.',
    });
  const { registry } = splitRegistry(parsed.repository);
  if (on === undefined && (registry === undefined || !isRegistry(registry)))
    throw new UsageError(`${reference} names no registry.`, {
      hint: 'Add it, such as registry.example.com/iris-models, or load the image with --on kind.',
    });
  return parsed;
}

async function load(
  context: CommandContext,
  on: string,
  image: ModelImage,
  reference: string,
  file: string,
  skip: (reason: string | undefined) => void,
): Promise<void> {
  await writeArchive(image, fullName(reference), file);
  if (on === 'minikube') {
    await loadIntoMinikube(context, 'minikube', file);
    return;
  }
  const cluster = readKindConfig(context.root)?.name;
  if (cluster === undefined)
    throw new Failure('There is no kind.yaml, which names the cluster.', { hint: '`rhizome init` writes one.' });
  skip(await loadIntoKind(context, chooseContainerEngine(), cluster, reference, file));
}
