import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Engine } from '../../onnx/engine/engine.ts';
import type { ModelJson } from '../../onnx/model-json.ts';
import type { Model } from '../../onnx/model.ts';
import type { Signature } from '../../onnx/signature.ts';
import { Failure } from '../failure.ts';
import { packageFolder, program } from '../installation.ts';

export interface AddOptions {
  /** Path of the file that an exporter wrote. */
  readonly file: string;
  readonly name: string;
  /** Names of the columns, in their order; those of the graph when absent. */
  readonly features?: readonly string[];
  /** Names of the classes, in the order of the labels; the labels when absent. */
  readonly classes?: readonly string[];
  /** Whether a model of the name may be replaced. */
  readonly force?: boolean;
}

export interface AddedModel {
  readonly folder: string;
  readonly signature: Signature;
}

/**
 * Makes models/NAME of a file: the model as it is, and a model.json with what its graph tells and two examples, recorded by
 * running it. Nothing of it is there before all of it is.
 * @throws Failure where there is one already, or the model cannot be served
 */
export async function addModel(root: string, { file, name, features, classes, force = false }: AddOptions): Promise<AddedModel> {
  const folder = join('models', name);
  if (existsSync(join(root, folder)) && !force) throw new Failure(`${folder} is there already.`, { hint: 'Choose another --name, or replace it with --force.' });
  await readFile(file).catch((cause: unknown) => {
    throw new Failure(`Cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, hint: 'Name the file that the exporter of your training library wrote.' });
  });
  // In the same file system, so that it can be moved; hidden, so that no service takes it for a model.
  const draft = join(root, 'models', `.${name}`);
  try {
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await cp(file, join(draft, 'model.onnx'));
    const given: ModelJson = {
      name, version: '1',
      ...(features && { features: features.map((feature) => ({ name: feature })) }),
      ...(classes && { classes }),
    };
    const signature = await describe(draft, given, file);
    if (force) await rm(join(root, folder), { recursive: true, force: true });
    await rename(draft, join(root, folder));
    return { folder, signature };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Writes model.json beside the model, and proves that the two belong together. */
async function describe(folder: string, given: ModelJson, file: string): Promise<Signature> {
  // Loaded here: the runtime is large, and other commands do without it.
  const [model, { graphNodes }, { plausibleInputs }, { recordExamples }, onnxruntime] = await Promise.all([
    import('../../onnx/model.ts'), import('../../onnx/graph.ts'), import('../../onnx/plausible-inputs.ts'), import('../../onnx/examples.ts'), loadRuntime(),
  ]);
  const load = async (json: object): Promise<Model> => {
    await writeFile(join(folder, 'model.json'), `${JSON.stringify(json, null, 2)}\n`);
    return model.Model.load(folder, onnxruntime, { threads: 1 });
  };
  try {
    const bare = await load(given);
    const { signature } = bare;
    const rows = plausibleInputs(signature, graphNodes(await readFile(join(folder, 'model.onnx'))));
    const examples = await recordExamples(signature, rows, (some) => bare.predict(some));
    await bare.release();
    const whole = await load({
      ...schemaReference(folder),
      ...given,
      features: signature.features.map((feature) => ({ name: feature.name })),
      ...(signature.output.task === 'classifier' && { classes: signature.output.classes }),
      ...(examples.length > 0 && { examples }),
    });
    await whole.verify();
    await whole.release();
    return whole.signature;
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/^.* cannot be served: /, '');
    throw new Failure(`${file} cannot be served: ${reason}`, { cause, hint: 'What can: tables, classified or regressed; docs/models.md of Rhizome says more.' });
  }
}

/** For editors: the schema that came with Rhizome, from where model.json will be. */
function schemaReference(folder: string): { readonly $schema?: string } {
  const schema = join(program('onnx/model').replace(/model\.\w+$/, ''), 'model.schema.json');
  const path = relative(folder, schema);
  return packageFolder.startsWith(join(folder, '../..')) ? { $schema: path.replaceAll('\\', '/') } : {};
}

export async function loadRuntime(): Promise<Engine> {
  try {
    return (await import('../../onnx/engine/onnxruntime.ts')).onnxruntime;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new Failure('The ONNX runtime is not installed here.', { cause, hint: 'rhizome init adds it to package.json; or: npm install onnxruntime-node' });
  }
}
