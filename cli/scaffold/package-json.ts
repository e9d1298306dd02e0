import { Failure } from '../failure.ts';
import type { OwnPackageJson } from '../own-package.ts';

/** The sections of package.json that a project needs. Each is an object whose entries are merged. */
type Section = 'scripts' | 'dependencies' | 'devDependencies' | 'allowScripts';
const sections = ['scripts', 'dependencies', 'devDependencies', 'allowScripts'] as const satisfies readonly Section[];

type PackageJson = Readonly<Record<string, unknown>> & { readonly type?: unknown };

export interface MergedPackageJson {
  /** The new text of the file. */
  readonly text: string;
  /** The entries that were added, or changed, such as `scripts.synth`. */
  readonly added: readonly string[];
  /** The user's entries that differ from those of a new project, such as `scripts.start`. */
  readonly kept: readonly string[];
  /** The user's own scripts, if npm runs them with another Node from now on. */
  readonly scriptsOnOtherNode: readonly string[];
  /** The version or file of Rhizome that it depends on. */
  readonly spec: string;
  /** Whether Node treats .ts and .js files in the folder as ES modules. */
  readonly isModule: boolean;
}

/**
 * Returns what a project needs in its package.json.
 * @param spec the version or file of Rhizome to depend on
 */
function entries(
  { name, peerDependencies, devDependencies }: OwnPackageJson,
  spec: string,
): Readonly<Record<Section, Readonly<Record<string, string | boolean>>>> {
  // Only models with images need sharp.
  const { 'onnxruntime-node': runtime = '', sharp: _, ...peers } = peerDependencies;
  const tools = ['node', 'typescript', '@types/node'].map((tool) => [tool, devDependencies[tool] ?? ''] as const);
  return {
    // cdk8s-cli would be 105 MB. `rhizome synth` runs the same app.
    scripts: { start: 'rhizome up', synth: 'rhizome synth', types: 'tsc', postinstall: 'rhizome trim' },
    dependencies: { 'onnxruntime-node': runtime, [name]: spec },
    devDependencies: { ...peers, ...Object.fromEntries(tools) },
    // npm ignores this section in dependencies. `node` installs its program with a script. The script of the ONNX
    // runtime would download CUDA.
    allowScripts: { node: true, 'onnxruntime-node': false, '@scarf/scarf': false, backport: false, protobufjs: false },
  };
}

/**
 * Adds what a project needs to a package.json, or creates one. Keeps entries that exist, except for a dependency on
 * Rhizome that is a path.
 *
 * @param existing the text of the file, if it exists
 * @param project name of a new project
 * @param rhizome Rhizome's own package.json
 * @param spec the version or file of Rhizome to depend on
 * @param dockerfile path of the Dockerfile, if it is not the usual one
 * @throws {Failure} if the file is not a JSON object
 */
export function mergePackageJson(
  existing: string | undefined,
  project: string,
  rhizome: OwnPackageJson,
  spec: string,
  dockerfile?: string,
): MergedPackageJson {
  const before =
    existing === undefined
      ? { name: project, version: '0.1.0', private: true, type: 'module' }
      : parsePackageJson(existing);
  const kept: string[] = [];
  const added: string[] = [];
  const merged: Record<string, unknown> = { ...before };
  const wanted = entries(rhizome, spec);
  for (const section of sections) {
    const own = { ...(before[section] as Record<string, unknown> | undefined) };
    for (const [key, value] of Object.entries(wanted[section])) {
      const elsewhere = section === 'devDependencies' && key in ((before['dependencies'] as object | undefined) ?? {});
      if (elsewhere) continue;
      if (own[key] === value) continue;
      if (key in own && !(key === rhizome.name && isPath(own[key]))) kept.push(`${section}.${key}`);
      else {
        own[key] = value;
        added.push(`${section}.${key}`);
      }
    }
    merged[section] = own;
  }
  const { rhizome: settings } = before;
  if (dockerfile !== undefined && (settings as { dockerfile?: unknown } | undefined)?.dockerfile !== dockerfile) {
    merged['rhizome'] = { ...(settings as object | undefined), dockerfile };
    added.push('rhizome.dockerfile');
  }
  const dependency = (merged['dependencies'] as Record<string, unknown>)[rhizome.name];
  const indent = /^([ \t]+)"/m.exec(existing ?? '')?.[1] ?? '  ';
  return {
    text: `${JSON.stringify(merged, null, indent)}\n`,
    kept,
    added,
    // npm puts node_modules/.bin first on the PATH of scripts, and the package `node` is there.
    scriptsOnOtherNode: added.includes('devDependencies.node') ? Object.keys(before['scripts'] ?? {}) : [],
    spec: typeof dependency === 'string' ? dependency : spec,
    isModule: before.type === 'module',
  };
}

/**
 * Returns whether a dependency is a path. It is replaced, because the image does not contain a file outside the
 * project, and a file in vendor/ comes from an earlier `init`.
 */
const isPath = (spec: unknown): boolean => typeof spec === 'string' && /^(file:|link:|\.{0,2}\/)/.test(spec);

/** @throws {Failure} if the text is not a JSON object */
export function parsePackageJson(text: string): PackageJson {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as PackageJson;
  } catch (cause) {
    throw new Failure(`package.json is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'Fix it, then run `rhizome init` again.',
    });
  }
  throw new Failure('package.json is not a JSON object.', { hint: 'Fix it, then run `rhizome init` again.' });
}
