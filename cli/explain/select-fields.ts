import { closestName } from '../../onnx/signature/closest-name.ts';
import {
  formatPlace,
  isTree,
  parsePath,
  placesAt,
  stepsOf,
  valueAt,
  type Place,
  type Segment,
} from '../../infra/explanations/field-path.ts';
import { UsageError } from '../failure.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import { nameOf, type Field } from './fields.ts';

/** An object in which a path begins, and the rest of the path. */
interface Start {
  readonly object: KubernetesObject;
  readonly rest: string;
}

/**
 * Returns the fields that a path names, each with all fields below it. The path begins with a kind
 * (`Service.spec.type`), with a kind and a name (`Service/iris-server.spec.type`), or with any field (`livenessProbe`).
 * Indices may be left out: then it means every item.
 * @throws {UsageError} if there is no such field, with the one that was probably meant
 */
export function selectFields(fields: readonly Field[], path: string): readonly Field[] {
  const objects = fields.filter(({ place }) => place.length === 0).map(({ object }) => object);
  const starts = objects.flatMap((object) => startIn(object, path));
  const places = new Map<KubernetesObject, Set<string>>();
  const add = (object: KubernetesObject, place: Place): void => {
    places.set(object, (places.get(object) ?? new Set()).add(formatPlace(place)));
  };
  for (const { object, rest } of starts) for (const place of placesAt(object, parse(rest, path))) add(object, place);
  if (starts.length === 0)
    for (const { object, place } of fields)
      for (const found of placesAt(valueAt(object, place), parse(path, path), place)) add(object, found);
  if (places.size === 0) throw noSuchField(path, starts, fields);
  return fields.filter(({ object, place }) =>
    [...place, ''].some((_, length) => places.get(object)?.has(formatPlace(place.slice(0, length))) === true),
  );
}

function startIn(object: KubernetesObject, path: string): readonly Start[] {
  const prefix = [nameOf(object), object.kind].find(
    (each) => path.toLowerCase().startsWith(each.toLowerCase()) && /^($|[.[])/.test(path.slice(each.length)),
  );
  return prefix === undefined ? [] : [{ object, rest: path.slice(prefix.length) }];
}

function parse(text: string, path: string): readonly Segment[] {
  const segments = parsePath(text);
  if (segments !== undefined) return segments;
  throw new UsageError(`${path} is not the path of a field.`, {
    hint: 'Write a path like this: Deployment.spec.template.spec.containers[0].image',
  });
}

function noSuchField(path: string, [start]: readonly Start[], fields: readonly Field[]): UsageError {
  if (start === undefined) {
    const [first = ''] = path.split(/[.[/]/);
    const known = fields.flatMap(({ object, place }) => [object.kind, String(place.at(-1) ?? object.kind)]);
    return new UsageError(`The manifests have no object and no field ${path}.`, {
      hint: didYouMean(first, [...new Set(known)]) ?? 'Without a path, `rhizome explain FILE` lists the objects.',
    });
  }
  const segments = parse(start.rest, path);
  // The longest part of the path that exists.
  const length = segments.findLastIndex((_, end) => !placesAt(start.object, segments.slice(0, end)).next().done);
  const [place = []] = placesAt(start.object, segments.slice(0, length));
  const wrong = segments[length];
  const value = valueAt(start.object, place);
  const where = [start.object.kind, formatPlace(place)].filter(Boolean).join('.');
  if (wrong === undefined || !('key' in wrong))
    return new UsageError(`${where} has no such item: ${path}`, {
      hint: Array.isArray(value) ? `It has ${String(value.length)}, and the first is [0].` : 'It is not a list.',
    });
  const known = keysIn(value);
  return new UsageError(`${where} has no field ${wrong.key}.`, {
    hint:
      didYouMean(wrong.key, known) ??
      (known.length === 0 ? 'It has no fields of its own.' : `It has ${known.join(', ')}.`),
  });
}

const didYouMean = (name: string, known: readonly string[]): string | undefined => {
  const closest = closestName(name, known);
  return closest === undefined ? undefined : `Did you mean ${closest}?`;
};

/** Returns the keys of a value or, if it is a list, of its items. */
function keysIn(value: unknown): readonly string[] {
  if (!isTree(value)) return [];
  const keys = stepsOf(value).flatMap(([step, inner]) => (typeof step === 'number' ? keysIn(inner) : [step]));
  return [...new Set(keys)];
}
