import type { Explanation } from '../../infra/explanations/doc-comments.ts';
import { explanationsOf } from '../../infra/explanations/explanations.ts';
import { formatPlace, isTree, stepsOf, type Place } from '../../infra/explanations/field-path.ts';
import type { KubernetesObject } from '../kubernetes.ts';

/** A field of a manifest, or the object itself. */
export interface Field {
  readonly object: KubernetesObject;
  readonly place: Place;
  /** Such as `spec.ports[0].name`; '' for the object itself. */
  readonly path: string;
  /** Undefined if the field has fields of its own. */
  readonly value: unknown;
  /** Undefined if Rhizome has none: for the fields of your own code, and of some constructs. */
  readonly explanation: Explanation | undefined;
}

/** Returns an object and all of its fields, in the order of the manifest. */
export function fieldsOf(object: KubernetesObject, explanations: readonly Explanation[]): readonly Field[] {
  const known = explanationsOf(object, explanations);
  const from = (value: unknown, place: Place): readonly Field[] => {
    const path = formatPlace(place);
    const explanation = known.get(path);
    if (!isTree(value)) return [{ object, place, path, value, explanation }];
    const inner = stepsOf(value).flatMap(([step, each]) => from(each, [...place, step]));
    // What is said about everything below a field is said about the values.
    const first = inner.find((field) => field.value !== undefined);
    const own = first?.explanation === explanation ? undefined : explanation;
    return [{ object, place, path, value: undefined, explanation: own }, ...inner];
  };
  return from(object, []);
}

/** Whether the field only groups others, and nothing is said about it. */
export const isGroup = ({ value, explanation }: Field): boolean => value === undefined && explanation === undefined;

/** `Deployment/iris-server`, as kubectl writes it. */
export const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.name}`;
