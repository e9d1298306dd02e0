import { isAnnotationKey, isLabelValue } from '../../metadata/names.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { ResolvedProps } from '../resolved-props.ts';

const fields = ['key', 'operator', 'value', 'effect', 'tolerationSeconds'];
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Checks which taints the pods tolerate. */
export function* checkTolerations({ tolerations }: ResolvedProps): Generator<InvalidProp> {
  for (const [index, toleration] of (tolerations as readonly unknown[]).entries()) {
    const reason = problemOf(toleration);
    const fix = "Use a taint of the nodes, such as { key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }.";
    if (reason !== undefined) yield { prop: `tolerations.${index}`, value: toleration, reason, fix };
  }
}

/** @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
function problemOf(toleration: unknown): string | undefined {
  if (typeof toleration !== 'object' || toleration === null) return 'is not a toleration';
  const unknown = Object.keys(toleration).find((field) => !fields.includes(field));
  if (unknown !== undefined) return `has a field that tolerations do not have, ${unknown}`;
  const {
    key,
    operator = 'Equal',
    value = '',
    effect,
    tolerationSeconds,
  } = toleration as Readonly<Record<string, unknown>>;
  if (operator !== 'Equal' && operator !== 'Exists') return 'has an operator other than Equal and Exists';
  if (key === undefined && operator === 'Equal') return 'has no key, which only the operator Exists allows';
  if (key !== undefined && !(typeof key === 'string' && isAnnotationKey(key))) return 'has a key that is not valid';
  if (typeof value !== 'string' || !isLabelValue(value)) return 'has a value that no taint can have';
  if (operator === 'Exists' && value !== '') return 'has a value, which the operator Exists does not use';
  if (effect !== undefined && !effects.includes(effect as string))
    return `has an effect other than ${effects.join(', ')}`;
  if (tolerationSeconds === undefined) return undefined;
  return effect === 'NoExecute' && Number.isInteger(tolerationSeconds)
    ? undefined
    : 'has seconds, which must be whole, and only the effect NoExecute uses';
}
