import { scales } from '../../../infra/props/quantity.ts';
import { Failure } from '../../failure.ts';

const factors: Readonly<Record<string, number>> = scales;

/**
 * A quantity of Kubernetes (`500m`, `1Gi`, `2`, `1e3`) as a number: all that Kubernetes takes, and not only what infra/
 * lets people write.
 * @throws Failure when it is none
 */
export function parseQuantity(quantity: string | number): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(quantity));
  const factor = factors[match?.[2] ?? ''];
  if (match === null || factor === undefined) {
    throw new Failure(`"${quantity}" is not an amount that Kubernetes knows; it wants one such as 500m, 2 or 1Gi.`, {
      hint: 'Correct `resources` in infra/.',
    });
  }
  return Number(match[1]) * factor;
}

/** How often the divisor goes into the quantity, rounded up, as the downward API gives it to a container. */
export function inUnitsOf(quantity: string | number, divisor: string | number): number {
  // By thousandths, as the kubelet does it: 0.3 / 0.001 is not 300 in binary fractions.
  const thousandths = (amount: string | number): number =>
    Math.ceil(Number((parseQuantity(amount) * 1000).toPrecision(15)));
  return Math.ceil(thousandths(quantity) / thousandths(divisor));
}
