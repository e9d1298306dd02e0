import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { Failure } from '../failure.ts';

/** The part of kind.yaml that the command line goes by. */
export interface KindConfig {
  readonly name: string;
  /** How many. */
  readonly nodes: number;
  readonly portMappings: readonly { readonly containerPort: number; readonly hostPort: number }[];
}

/** What kind calls a cluster that nobody named. */
const defaultName = 'kind';

/** Undefined where the project has no kind.yaml. @throws Failure where it is no YAML, or `name` no name */
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
      hint: 'Correct it; https://kind.sigs.k8s.io/docs/user/configuration/ says what it may hold.',
    });
  const { name = defaultName, nodes } = (document.toJS() ?? {}) as {
    name?: unknown;
    nodes?: readonly { extraPortMappings?: KindConfig['portMappings'] }[];
  };
  if (typeof name !== 'string' || !/^[a-z0-9.-]+$/.test(name))
    throw new Failure(`kind.yaml names its cluster ${JSON.stringify(name)}.`, {
      hint: 'kind takes lower-case letters, digits, dots and dashes.',
    });
  return {
    name,
    nodes: nodes?.length ?? 1,
    portMappings: (nodes ?? []).flatMap((node) => node.extraPortMappings ?? []),
  };
}
