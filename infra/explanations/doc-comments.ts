import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the comment beside the code that writes a field says about it. */
export interface Explanation {
  /**
   * Paths of fields, which start with the kind of the object: `Service.spec.type`. `*` stands for every kind,
   * `HeadlessService` for a Service without an address, `PodSpec` and `Container` for those of a Deployment, init
   * containers included. A name may follow the kind, in which `*` stands for any characters: `Deployment/*-canary`. The
   * name of the service is not compared.
   */
  readonly fields: readonly string[];
  /** Why the field is there. */
  readonly why: string;
  /** What breaks without it. */
  readonly without?: string;
  /** The prop that changes it, or those of several constructs. */
  readonly prop?: string;
  /** What that prop is by default. */
  readonly default?: string;
}

/**
 * Reads the explanations in the comments of the code that generates the manifests. A comment explains fields if it has
 * these tags:
 *
 * - `@explains PATH`, once for each field
 * - `@without TEXT`: what breaks without it
 * - `@setBy PROP`: the prop that changes it, once for each construct that has one; on an optional prop itself, it is
 *   that prop
 *
 * The text before the tags says why the field is there. The comments themselves are read, rather than a list beside
 * them: whoever changes the code sees what it says, and there is no second copy.
 *
 * @param folder the source code of infra/
 */
export function readComments(folder: string): readonly Explanation[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/fixtures|explanations/.test(file))
    .sort()
    .flatMap((file) => parseComments(readFileSync(join(folder, file), 'utf8')));
}

/** Returns the explanations in the comments of a source file. */
export const parseComments = (source: string): readonly Explanation[] =>
  [...source.matchAll(/\/\*\*(.*?)\*\/(?:\s*readonly (\w+)\?:)?/gs)]
    .filter(([, comment = '']) => comment.includes('@explains '))
    .map(([, comment = '', prop]) => explanation(comment, prop));

function explanation(comment: string, ownProp: string | undefined): Explanation {
  const text = comment.replaceAll(/^\s*\* ?/gm, '').replaceAll(/\{@link (\w+)\}/g, '$1');
  const [description = '', ...tags] = text.split(/^@(?=\w)/m);
  const valuesOf = (name: string): readonly string[] =>
    tags.filter((tag) => tag.startsWith(`${name} `)).map((tag) => oneLine(tag.slice(name.length)));
  const [without] = valuesOf('without');
  const setBy = valuesOf('setBy');
  const prop = setBy.length > 0 ? setBy.join(' or ') : ownProp;
  const [byDefault] = valuesOf('default');
  return {
    fields: valuesOf('explains'),
    why: oneLine(description),
    ...(without !== undefined && { without }),
    ...(prop !== undefined && { prop }),
    ...(byDefault !== undefined && { default: byDefault }),
  };
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
