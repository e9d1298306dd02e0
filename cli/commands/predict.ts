import { Command, Option } from 'commander';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../failure.ts';
import { toJson } from '../json.ts';
import { predictionsPath, projectModel, type ProjectModel } from '../project/models.ts';
import { formats, type RowFormat } from '../row-files/writer.ts';
import { imageArgument } from '../ask/image-argument.ts';
import { predictFile } from '../ask/predict-file.ts';
import { curlLine, imageType, predict, predictImage } from '../ask/predict.ts';
import { examplesOf } from '../ask/verify-models.ts';
import { findTarget } from '../targets/find.ts';
import { scopeOf } from '../cluster/scope.ts';
import { findRoute, openService } from '../targets/open-service.ts';
import type { Target } from '../targets/target.ts';
import { kubectlForward } from '../tools/kubectl.ts';
import { quote } from '../tools/quote.ts';
import { defaultPort, examples, onOption, urlOption, withChoices, type CommandContext } from './options.ts';

interface PredictFlags {
  readonly on?: string;
  readonly url?: string;
  readonly file?: string;
  readonly json?: string;
  readonly out?: string;
  readonly format?: RowFormat;
  readonly withInput?: boolean;
  readonly stopOnError?: boolean;
  readonly printCurl?: boolean;
}

export function predictCommand(context: CommandContext): Command {
  return new Command('predict')
    .summary('send a request to a model')
    .description("send a request to a model and print the response; by default, the model's first example")
    .argument('[model]', 'such as wine or wine/2; required only if there are several')
    .argument('[image]', 'JPEG, PNG or WebP to send, as with --file')
    .addOption(onOption('the running target'))
    .addOption(urlOption())
    .addOption(
      new Option(
        '--file <file>',
        'rows to send: CSV with a header, or JSON (array, object, {"columns"}, one object per line); ' +
          '- reads standard input; or an image (JPEG, PNG, WebP)',
      ).conflicts('json'),
    )
    .option('--json <text>', 'JSON to send: an object or an array of objects')
    .option('--out <file>', 'write the predictions for --file to a file')
    .addOption(
      withChoices(
        new Option(
          '--format <format>',
          'format of the predictions (default: by the name of --out, otherwise the format of --file)',
        ),
        formats,
      ),
    )
    .option('--with-input', 'also write the columns of --file')
    .option('--stop-on-error', 'stop at the first row that is rejected (default: report it and continue)')
    .option('--print-curl', 'print the curl line that sends the same request, instead of sending it; not for rows')
    .addHelpText(
      'after',
      examples(
        'rhizome predict',
        `rhizome predict wine --json '{"alcohol": 13.2, "ash": 2.4, "hue": 1.05}'`,
        'rhizome predict --file flowers.csv --out predictions.csv',
        'rhizome predict cat.jpg',
        'cat rows.json | rhizome predict wine/2 --file - --url http://localhost:8080',
        'API_KEY=... rhizome predict      # sends "Authorization: Bearer ..."',
      ),
    )
    .action(async (first: string | undefined, second: string | undefined, given: PredictFlags) => {
      // With a URL, no project is needed, and another one's models would say nothing.
      const hasModel = (name: string): boolean =>
        given.url === undefined && existsSync(join(context.root, 'models', name));
      const { model, image } = imageArgument(hasModel, [first, second]);
      const flags = withImage(image, given);
      const work = await prepare(context, model, flags);
      if (flags.url !== undefined) {
        await work(flags.url);
        return;
      }
      const target = await findTarget(context, flags.on);
      if (flags.printCurl === true) {
        await work(await lastingUrl(context, target));
        return;
      }
      const { url, close } = await openService(context, target);
      await work(url).finally(close);
    });
}

/** Makes an image that is an argument the value of `--file`. */
function withImage(image: string | undefined, flags: PredictFlags): PredictFlags {
  if (image === undefined) return flags;
  const other = Object.entries({ '--file': flags.file, '--json': flags.json }).find(([, value]) => value !== undefined);
  if (other === undefined) return { ...flags, file: image };
  throw new UsageError(`${image} and ${other[0]} are both to be sent.`, { hint: 'Pass only one of them.' });
}

/**
 * Returns a URL that is right after this command has ended. If it needs a port-forward, prints the command that opens
 * it, on standard error: standard output has only the curl line, which a shell can run.
 */
async function lastingUrl(context: CommandContext, target: Target): Promise<string> {
  const route = await findRoute(context, target);
  if (route.url !== undefined) return route.url;
  const { kubeContext, manifests } = route;
  const { name, port } = manifests.service;
  const forward = kubectlForward(scopeOf(kubeContext, manifests), name, defaultPort, port);
  context.report.line(`First, in another terminal: ${quote(forward)}`);
  return `http://localhost:${String(defaultPort)}`;
}

/** Returns what to do when the service's URL is known. Reports wrong usage before that. */
async function prepare(
  context: CommandContext,
  asked: string | undefined,
  flags: PredictFlags,
): Promise<(url: string) => Promise<void>> {
  const { file, json, out, format, withInput = false, stopOnError = false } = flags;
  const contentType = file === undefined ? undefined : imageType(file);
  refuseIdle(flags, contentType !== undefined);
  // Another service may serve other models than this project: it decides which there are.
  const known =
    flags.url !== undefined && (file ?? json) !== undefined
      ? asked
      : await knownModel(context, asked, (file ?? json) === undefined);
  if (file !== undefined && contentType !== undefined)
    return async (url) => {
      const request = { url, path: predictionsPath(known), file, contentType };
      context.print(flags.printCurl === true ? curlLine(request) : toJson(await predictImage(context, request)));
    };
  if (file !== undefined)
    return (url) =>
      predictFile(context, {
        url,
        file,
        withInput,
        stopOnError,
        ...(known !== undefined && { model: known }),
        ...(out !== undefined && { out }),
        ...(format && { format }),
      });

  const path = asked === undefined ? predictionsPath() : predictionsPath(known);
  const body = json ?? (typeof known === 'object' ? toJson(examplesOf(known)[0].input) : '');
  return async (url) => {
    context.print(
      flags.printCurl === true ? curlLine({ url, path, body }) : toJson(await predict(context, { url, path, body })),
    );
  };
}

/** Refuses options that would do nothing. */
function refuseIdle({ file, out, printCurl, ...flags }: PredictFlags, isImage: boolean): void {
  if (file === undefined || isImage) {
    const idle = Object.entries({
      '--out': out,
      '--format': flags.format,
      '--with-input': flags.withInput,
      '--stop-on-error': flags.stopOnError,
    }).find(([, value]) => value !== undefined);
    if (idle === undefined) return;
    if (isImage)
      throw new UsageError(`${idle[0]} has no effect with an image.`, {
        hint: 'It is for a file of rows. To write the prediction to a file, redirect the output with >.',
      });
    throw new UsageError(`${idle[0]} has no effect without --file.`, { hint: 'Pass the rows to send with --file.' });
  }
  if (printCurl === true)
    throw new UsageError('--print-curl is not for rows: --file sends them in several requests.', {
      hint: 'Pass one request with --json, or an image.',
    });
  if (out !== undefined && resolve(out) === resolve(file))
    throw new UsageError(`--out ${out} would overwrite the file that --file reads.`, { hint: 'Choose another file.' });
}

async function knownModel(
  { root }: CommandContext,
  asked: string | undefined,
  needed: boolean,
): Promise<ProjectModel | undefined> {
  return asked === undefined && !needed ? undefined : projectModel(root, asked);
}
