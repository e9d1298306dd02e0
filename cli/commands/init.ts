import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { checkDockerfile, defaultDockerfile, dockerfileOf } from '../scaffold/dockerfile.ts';
import { checkModelName, nameFrom } from '../project/model-name.ts';
import { parsePackageJson } from '../scaffold/package-json.ts';
import { packageSpec } from '../scaffold/package-source.ts';
import { scaffold } from '../scaffold/scaffold.ts';
import { trim, trimmed } from '../scaffold/trim.ts';
import { checkModelFile } from '../steps/copy-model.ts';
import { columns } from '../terminal/columns.ts';
import { createSteps } from '../terminal/steps.ts';
import { widthOf } from '../terminal/style.ts';
import { exec } from '../tools/exec.ts';
import { packagesInstalled } from '../tools/measure-packages.ts';
import { quote } from '../tools/quote.ts';
import { examples, type CommandContext } from './options.ts';

interface InitFlags {
  readonly model?: string;
  readonly name?: string;
  readonly dockerfile?: string;
  readonly force?: boolean;
}

/** Also runs on the Node that npx finds, which may be older than the pinned one: nothing here may need a newer Node. */
export function initCommand(given: CommandContext): Command {
  const { report, signal } = given;
  return new Command('init')
    .summary('set up a project for your model')
    .description('set up a project for your model in this folder, which may be an existing repository')
    .option('--model <file>', 'model that your training library exported; you can add it later')
    .option('--name <name>', "name of the model and the project (default: the file's name or the folder's)")
    .option('--dockerfile <name>', 'name of the Dockerfile to write, if you have another one (default: Dockerfile)')
    .option('--force', 'replace files that exist')
    .addHelpText(
      'after',
      examples('rhizome init --model wine.onnx', 'rhizome init --name wine && rhizome add model.onnx --name wine'),
    )
    .action(async ({ model, name: wanted, dockerfile: file, force = false }: InitFlags) => {
      // This folder, even if it is inside another project.
      const root = process.cwd();
      const context = { root, report, signal };
      const name = wanted === undefined ? nameFrom(model, root) : checkModelName(wanted);

      const { run } = createSteps(report);
      // Before anything is written or installed.
      const dockerfile = await run('Check', async () => {
        await checkPackageJson(root);
        if (model !== undefined) await checkModelFile(model);
        return file === undefined ? dockerfileOf(root) : checkDockerfile(file);
      });
      const found = await run('Find the package', () => packageSpec(context));
      const { spec } = await run('Write the files', async () => {
        const options = { name, spec: found, force, vendored: found.startsWith('file:') };
        const files = await scaffold(root, {
          ...options,
          ...(dockerfile !== defaultDockerfile && { dockerfile }),
        });
        const { written, changed, kept } = files;
        const rows = [
          ...(written.length > 0 ? [['wrote', written.join(', ')]] : []),
          ...changed.map(({ path, how }) => ['changed', `${path}: ${how}`]),
          ...kept.map(({ path, needs }) => ['kept', `${path}: ${needs}`]),
        ];
        // The reporter writes to standard error, and indents lines by two.
        const width = process.stderr.isTTY ? widthOf(process.stderr) - 2 : Infinity;
        for (const line of columns(rows, { width })) report.line(line);
        return files;
      });
      // Name the file, or npm would reuse what its lock file says about an earlier file of the same name.
      const packed = spec.startsWith('file:') ? [`./${spec.slice('file:'.length)}`] : [];
      await run('Install', async () => {
        await exec(context, ['npm', 'install', '--no-audit', '--no-fund', ...packed], {
          stream: true,
          measure: packagesInstalled(root),
          hint: 'Fix what npm reports, in package.json or in its settings, then run `rhizome init` again to continue.',
        });
        // npm does not run `postinstall` of the project if a package is named.
        const removed = trim(root);
        if (removed > 0) report.line(trimmed(removed));
      });
      if (model !== undefined) await run('Add the model', () => addModel(model, name));
      given.print(nextSteps(name));

      /** Uses the command line that was just installed, with the project's own Node. */
      async function addModel(file: string, called: string): Promise<void> {
        const folder = join('models', called);
        if (existsSync(join(root, folder)) && !force) {
          report.line(`kept ${folder}: --force replaces it`);
          return;
        }
        const argv = ['rhizome', 'add', relative(root, file) || file, '--name', called, ...(force ? ['--force'] : [])];
        await exec(context, [quote(argv)], { shell: { printed: `npx ${quote(argv)}` } });
      }
    });

  function nextSteps(name: string): string {
    const has = existsSync(join(process.cwd(), 'models', name, 'model.onnx'));
    const summary = has
      ? `The project is ready, with the model in models/${name}.`
      : 'The project is ready. Next, add a model.';
    const up = 'npx rhizome up              # two local replicas, at http://localhost:8080';
    const lines = [
      ...(has
        ? [up, 'npx rhizome up --on kind    # the same on a local Kubernetes cluster']
        : [`npx rhizome add FILE.onnx --name ${name}`, up]),
      'npx rhizome synth           # the manifests, in charts-out/',
    ];
    return `\n${summary}\n\nNext steps:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  }
}

/** @throws {Failure} if package.json cannot be changed */
async function checkPackageJson(root: string): Promise<void> {
  const file = join(root, 'package.json');
  if (existsSync(file)) parsePackageJson(await readFile(file, 'utf8'));
}
