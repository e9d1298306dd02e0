import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { variables, type Variable } from '../../service/contract/index.ts';
import { applicationLabel, type Labels } from '../metadata/labels.ts';
import { readComments, type Explanation } from './doc-comments.ts';
import { parsePath, placesAt, valueAt, formatPlace, type Segment } from './field-path.ts';

/** The file that the npm package has instead of the sources' comments. `npm run build` writes it. */
export const packagedExplanations = 'explanations.json';

/** The part of a manifest that decides which explanations are about it. */
interface KindOfObject {
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly labels?: Labels };
  readonly spec?: unknown;
}

/** Returns the explanations of fields: from the comments in a clone, from the file written from them in the package. */
export function readExplanations(): readonly Explanation[] {
  const packaged = join(import.meta.dirname, packagedExplanations);
  const comments = existsSync(packaged)
    ? (JSON.parse(readFileSync(packaged, 'utf8')) as readonly Explanation[])
    : readComments(join(import.meta.dirname, '..'));
  return [...comments, ...settings];
}

/** The variables of the service, as its `--help` describes them. Comments about one of them take precedence. */
const settings: readonly Explanation[] = Object.entries<Variable>(variables).map(([name, variable]) => ({
  fields: [`ConfigMap.data.${name}`],
  why: `A setting of the service: ${variable.description}.`,
  prop: `settings.${name}`,
  ...(variable.default !== undefined && { default: `'${variable.default}'` }),
}));

const podSpec = 'Deployment.spec.template.spec';
const shorthands: Readonly<Record<string, readonly string[]>> = {
  PodSpec: [podSpec],
  Container: [`${podSpec}.containers[]`, `${podSpec}.initContainers[]`],
};

/**
 * Returns the explanation of each explained field of an object, by its path without the kind; the object's own has the
 * path ''. If several explanations match a field, the most precise one counts.
 */
export function explanationsOf(
  object: KindOfObject,
  explanations: readonly Explanation[],
): ReadonlyMap<string, Explanation> {
  const best = new Map<string, { readonly explanation: Explanation; readonly precision: number }>();
  const suffix = suffixOf(object);
  for (const explanation of explanations) {
    for (const { name, kind, path } of explanation.fields.flatMap(parseField)) {
      if (!isAbout(object, kind) || !(name?.test(suffix) ?? true)) continue;
      const precision = precisionOf([kind, ...path]) + (name === undefined ? 0 : 1);
      for (const place of placesAt(object, path)) {
        const at = formatPlace(place);
        if (precision > (best.get(at)?.precision ?? -1)) best.set(at, { explanation, precision });
      }
    }
  }
  return new Map([...best].map(([path, { explanation }]) => [path, explanation]));
}

/**
 * Returns an object's name without that of its service at the start: the service `iris-canary` is not a canary, and the
 * settings of the service `iris-models` are not models.
 */
function suffixOf({ metadata: { name = '', labels } = {} }: KindOfObject): string {
  const service = labels?.[applicationLabel] ?? '';
  return name.startsWith(service) ? name.slice(service.length) : name;
}

/** A path in a comment. */
interface ExplainedField {
  readonly kind: Segment;
  /** What the name of the object must match, without the name of its service. */
  readonly name?: RegExp;
  readonly path: readonly Segment[];
}

/** @throws {Error} if a comment has a wrong path, which a test finds */
function parseField(field: string): readonly ExplainedField[] {
  const [, start = '', name, rest = ''] = /^([\w*]+)(?:\/([\w*-]+))?(.*)$/s.exec(field) ?? [];
  const named = name === undefined ? {} : { name: new RegExp(`^${name.replaceAll('*', '.*')}$`) };
  return (shorthands[start] ?? [start]).map((long) => {
    const [kind, ...path] = parsePath(long + rest) ?? [];
    if (kind === undefined) throw new Error(`@explains ${field}: this is not the path of a field.`);
    return { kind, path, ...named };
  });
}

function isAbout(object: KindOfObject, kind: Segment): boolean {
  if ('any' in kind) return true;
  if (!('key' in kind)) return false;
  const isHeadless = object.kind === 'Service' && valueAt(object.spec, ['clusterIP']) === 'None';
  return kind.key === object.kind || (isHeadless && kind.key === 'HeadlessService');
}

/** A key or a value says more than a wildcard, and every kind of segment more than "everything below". */
const precisionOf = (path: readonly Segment[]): number =>
  path.reduce((sum, segment) => {
    if ('any' in segment) return sum + (segment.any === 'below' ? -1 : 1);
    return sum + ('key' in segment && segment.key === 'HeadlessService' ? 3 : 2);
  }, 0);
