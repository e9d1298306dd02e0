import { scales } from '../../../infra/props/quantity.ts';
import { Failure } from '../../failure.ts';

const factors: Readonly<Record<string, number>> = scales;

/**
 * Parses any Kubernetes quantity (`500m`, `1Gi`, `2`, `1e3`), not only those that infra/ accepts.
 * @throws {Failure} if it isn't a quantity
 */
export function parseAnyQuantity(quantity: string | number): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(quantity));
  const factor = factors[match?.[2] ?? ''];
  if (match === null || factor === undefined) {
    throw new Failure(`"${quantity}" is not a valid quantity; expected one such as 500m, 2 or 1Gi.`, {
      hint: 'Correct `resources` in infra/.',
    });
  }
  return Number(match[1]) * factor;
}

/** Divides a quantity by the divisor and rounds up, as the downward API does. */
export function inUnitsOf(quantity: string | number, divisor: string | number): number {
  // In thousandths, like the kubelet: 0.3 / 0.001 is not exactly 300 in floating point.
  const thousandths = (amount: string | number): number =>
    Math.ceil(Number((parseAnyQuantity(amount) * 1000).toPrecision(15)));
  return Math.ceil(thousandths(quantity) / thousandths(divisor));
}
