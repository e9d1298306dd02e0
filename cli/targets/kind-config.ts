import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { Failure } from '../failure.ts';

/** The part of kind.yaml that the command line reads. */
export interface KindConfig {
  readonly name: string;
  /** Number of nodes. */
  readonly nodes: number;
  readonly portMappings: readonly { readonly containerPort: number; readonly hostPort: number }[];
}

/** kind's default name of a cluster. */
const defaultName = 'kind';

/**
 * Reads kind.yaml. Returns undefined if the project has none.
 * @throws {Failure} if it isn't valid YAML, or `name` is not a valid name
 */
export function readKindConfig(root: string): KindConfig | undefined {
  let source: string;
  try {
    source = readFileSync(join(root, 'kind.yaml'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const document = parseDocument(source);
  const broken = document.errors[0];
  if (broken !== undefined)
    throw new Failure(`kind.yaml is not YAML: ${broken.message}`, {
      cause: broken,
      hint: 'Correct it as https://kind.sigs.k8s.io/docs/user/configuration/ describes.',
    });
  const { name = defaultName, nodes } = (document.toJS() ?? {}) as {
    name?: unknown;
    nodes?: readonly { extraPortMappings?: KindConfig['portMappings'] }[];
  };
  if (typeof name !== 'string' || !/^[a-z0-9.-]+$/.test(name))
    throw new Failure(`The name in kind.yaml is not valid: ${JSON.stringify(name)}.`, {
      hint: 'kind accepts lowercase letters, digits, dots and dashes.',
    });
  return {
    name,
    nodes: nodes?.length ?? 1,
    portMappings: (nodes ?? []).flatMap((node) => node.extraPortMappings ?? []),
  };
}
