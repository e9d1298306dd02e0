import { isAnnotationKey, isLabelValue } from '../../metadata/names.ts';
import type { InvalidProp } from '../invalid-props-error.ts';

const withValues = ['In', 'NotIn'];
const withoutValues = ['Exists', 'DoesNotExist'];

/** Checks a label selector. An empty one selects everything. */
export function* checkSelector(prop: string, selector: unknown): Generator<InvalidProp> {
  const { matchLabels = {}, matchExpressions = [], ...others } = (selector ?? {}) as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(others);
  if (typeof selector !== 'object' || selector === null || unknown !== undefined || !Array.isArray(matchExpressions)) {
    const fix = "Use { matchLabels: { app: 'shop' } }, or {} for everything.";
    const reason = unknown === undefined ? 'is not a selector' : `has a field that selectors do not have, ${unknown}`;
    yield { prop, value: selector, reason, fix };
    return;
  }
  for (const [key, value] of Object.entries(matchLabels ?? {}) as [string, unknown][]) {
    if (isAnnotationKey(key) && typeof value === 'string' && isLabelValue(value)) continue;
    const fix = 'Use letters, digits, dashes, dots and underscores; at most 63 characters.';
    yield { prop: `${prop}.matchLabels.${key}`, value, reason: 'is not a label that an object can have', fix };
  }
  for (const [index, expression] of (matchExpressions as readonly unknown[]).entries()) {
    const { key, operator, values = [] } = (expression ?? {}) as Readonly<Record<string, unknown>>;
    const count = Array.isArray(values) ? values.length : -1;
    const isKey = typeof key === 'string' && isAnnotationKey(key);
    const isOperator = typeof operator === 'string';
    if (
      isKey &&
      isOperator &&
      (withValues.includes(operator) ? count > 0 : withoutValues.includes(operator) && count === 0)
    )
      continue;
    const fix = 'Use a key and an operator: In or NotIn with values, or Exists or DoesNotExist without.';
    yield { prop: `${prop}.matchExpressions.${index}`, value: expression, reason: 'is not a requirement', fix };
  }
}
