import { Failure } from '../failure.ts';
import type { Manifest } from '../own-package.ts';

/** The parts of a package.json that a project needs, each an object that is merged. */
type Section = 'scripts' | 'dependencies' | 'devDependencies' | 'allowScripts';
const sections = ['scripts', 'dependencies', 'devDependencies', 'allowScripts'] as const satisfies readonly Section[];

type PackageJson = Readonly<Record<string, unknown>> & { readonly type?: unknown };

export interface MergedPackageJson {
  readonly text: string;
  /** Entries of theirs that differ from what a fresh project has: `scripts.start`. */
  readonly kept: readonly string[];
  /** What it depends on for Rhizome. */
  readonly spec: string;
  /** Whether Node takes .ts and .js files of the folder for ES modules. */
  readonly isModule: boolean;
}

/** What a project needs in its package.json. @param spec what it depends on for Rhizome itself */
function entries(
  { name, peerDependencies, devDependencies }: Manifest,
  spec: string,
): Readonly<Record<Section, Readonly<Record<string, string | boolean>>>> {
  const { 'onnxruntime-node': runtime = '', ...peers } = peerDependencies;
  const tools = ['node', 'cdk8s-cli', 'typescript', '@types/node'].map(
    (tool) => [tool, devDependencies[tool] ?? ''] as const,
  );
  return {
    scripts: { start: 'rhizome up', synth: 'cdk8s synth --no-check-upgrade', types: 'tsc' },
    dependencies: { 'onnxruntime-node': runtime, [name]: spec },
    devDependencies: { ...peers, ...Object.fromEntries(tools) },
    // Those of a dependency are ignored. `node` places its program by a script; the runtime's would fetch CUDA.
    allowScripts: { node: true, 'onnxruntime-node': false, '@scarf/scarf': false, backport: false, protobufjs: false },
  };
}

/**
 * Adds to a package.json, or makes one, what a project needs. Entries that are there stay, but for a dependency on a file
 * of Rhizome.
 *
 * @param existing text of the file, where there is one
 * @throws Failure where that is no JSON object
 */
export function mergePackageJson(
  existing: string | undefined,
  project: string,
  rhizome: Manifest,
  spec: string,
): MergedPackageJson {
  const before =
    existing === undefined ? { name: project, version: '0.1.0', private: true, type: 'module' } : parse(existing);
  const kept: string[] = [];
  const merged: Record<string, unknown> = { ...before };
  const wanted = entries(rhizome, spec);
  for (const section of sections) {
    const own = { ...(before[section] as Record<string, unknown> | undefined) };
    for (const [key, value] of Object.entries(wanted[section])) {
      const elsewhere = section === 'devDependencies' && key in ((before['dependencies'] as object | undefined) ?? {});
      if (elsewhere) continue;
      if (key === rhizome.name && isPath(own[key])) own[key] = value;
      else if (key in own && own[key] !== value) kept.push(`${section}.${key}`);
      else own[key] = value;
    }
    merged[section] = own;
  }
  const dependency = (merged['dependencies'] as Record<string, unknown>)[rhizome.name];
  const indent = /^([ \t]+)"/m.exec(existing ?? '')?.[1] ?? '  ';
  return {
    text: `${JSON.stringify(merged, null, indent)}\n`,
    kept,
    spec: typeof dependency === 'string' ? dependency : spec,
    isModule: before.type === 'module',
  };
}

/** A file or folder: one elsewhere is in no image, and one in vendor/ is what an earlier `init` put there. */
const isPath = (spec: unknown): boolean => typeof spec === 'string' && /^(file:|link:|\.{0,2}\/)/.test(spec);

function parse(text: string): PackageJson {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as PackageJson;
  } catch (cause) {
    throw new Failure(`package.json is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'Correct it, then run `rhizome init` again.',
    });
  }
  throw new Failure('package.json is not a JSON object.', { hint: 'Correct it, then run `rhizome init` again.' });
}
