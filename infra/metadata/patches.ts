import { JsonPatch, type ApiObject } from 'cdk8s';

/**
 * Applies the JSON patches of an L1 object to the manifest as it is written. cdk8s applies them to the props, before it
 * converts those to Kubernetes' JSON: a quantity in a patch, such as the limit of a GPU, would become `null`, and a
 * field that the schema of cdk8s-plus-27 lacks would be dropped.
 */
export function patchAsWritten(object: ApiObject): void {
  const patches: JsonPatch[] = [];
  const convert = object.toJson.bind(object) as () => unknown;
  object.addJsonPatch = (...added) => {
    patches.push(...added);
  };
  object.toJson = () => patches.reduce((manifest, patch) => apply(object, manifest, patch), convert());
}

function apply({ kind, name }: ApiObject, manifest: unknown, patch: JsonPatch): unknown {
  const operation = patch._toJson() as { readonly op: string; readonly path: string; readonly value?: unknown };
  const { op, path, value } = operation;
  const plain =
    value !== undefined && (op === 'add' || op === 'replace' || op === 'test')
      ? JsonPatch[op](path, unwrapped(value))
      : patch;
  try {
    return JsonPatch.apply(manifest, plain) as unknown;
  } catch (cause) {
    throw new Error(
      `The JSON patch "${op} ${path}" does not fit the ${kind} ${name}: does the place exist in its manifest?`,
      { cause },
    );
  }
}

/** Replaces instances of `k8s.Quantity` and `k8s.IntOrString` by what they contain, as the conversion would. */
function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== 'object' || value === null) return value;
  // By name, because the app may have another copy of cdk8s-plus-27. A plain object such as `{ value: 'a' }` may be
  // labels.
  if (wrappers.has(value.constructor.name) && 'value' in value) return value.value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}

const wrappers: ReadonlySet<string> = new Set(['Quantity', 'IntOrString']);
