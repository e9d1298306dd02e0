import type { InvalidProp } from '../invalid-props-error.ts';
import { noLimit, type RequestAndLimit } from '../prediction-service-props.ts';
import { parseQuantity } from '../quantity.ts';
import type { ResolvedProps } from '../resolved-props.ts';

/** Node alone takes more. Half of it becomes the heap. */
const leastMemory = '64Mi';

/** Checks requests and limits. */
export function* checkResources({ resources }: ResolvedProps): Generator<InvalidProp> {
  for (const [resource, amount] of Object.entries(resources) as [string, RequestAndLimit][]) {
    for (const invalid of resource === 'cpu' && amount.limit === noLimit
      ? checkAmount(resource, { request: amount.request, limit: amount.request })
      : checkAmount(resource, amount))
      yield { ...invalid, prop: `resources.${resource}.${invalid.prop}` };
  }
}

function* checkAmount(resource: string, amount: RequestAndLimit): Generator<InvalidProp> {
  const request = parseQuantity(amount.request);
  const limit = parseQuantity(amount.limit);
  for (const [prop, parsed] of Object.entries({ request, limit }) as ['request' | 'limit', number | undefined][]) {
    const value = amount[prop];
    if (parsed === undefined || parsed <= 0) {
      const fix = "Use a number with a suffix, such as '500m' for half a CPU, or '512Mi'.";
      yield { prop, value, reason: 'is not a quantity above zero', fix };
    } else if (resource !== 'cpu' && /[num]$/.test(value)) {
      const fix = `Use a suffix such as Mi: '${value.slice(0, -1)}Mi'.`;
      yield { prop, value, reason: 'counts in fractions of a byte: the suffix m means thousandths', fix };
    }
  }
  if (request === undefined || limit === undefined) return;
  if (limit < request) {
    const fix = `Use at least '${amount.request}', or lower the request.`;
    yield { prop: 'limit', value: amount.limit, reason: `is below the request, '${amount.request}'`, fix };
  } else if (resource === 'memory' && limit > 0 && limit < (parseQuantity(leastMemory) ?? 0)) {
    const fix = `Use at least '${leastMemory}'; the default is '512Mi'.`;
    yield { prop: 'limit', value: amount.limit, reason: 'is too little memory for the service to start', fix };
  }
}
