import { BlockList, isIP } from 'node:net';
import { closestName } from '../../../onnx/signature/closest-name.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { ResolvedProps } from '../resolved-props.ts';
import { checkSelector } from './selectors.ts';

/** What may be in a NetworkPolicyPeer: addresses, or pods and namespaces. */
const peerFields = ['ipBlock', 'namespaceSelector', 'podSelector'];

/** Checks the peers that may connect. */
export function* checkNetwork({ allowFrom, allowManagementFrom }: ResolvedProps): Generator<InvalidProp> {
  yield* checkPeers('allowFrom', allowFrom);
  yield* checkPeers('allowManagementFrom', allowManagementFrom);
}

/** Checks the peers in one prop. */
export function* checkPeers(prop: string, peers: readonly unknown[] = []): Generator<InvalidProp> {
  for (const [index, peer] of peers.entries()) yield* checkPeer(`${prop}.${index}`, peer);
}

function* checkPeer(prop: string, peer: unknown): Generator<InvalidProp> {
  const fields = typeof peer === 'object' && peer !== null ? Object.entries(peer) : [];
  const given = fields.filter(([, value]) => value !== undefined).map(([field]) => field);
  const unknown = given.find((field) => !peerFields.includes(field));
  if (unknown !== undefined) {
    const near = closestName(unknown, peerFields);
    const fix = `Use ${near ?? `one of ${peerFields.join(', ')}`}.`;
    yield { prop, value: peer, reason: `has a field that peers do not have, ${unknown}`, fix };
  } else if (given.length === 0) {
    const fix = 'Name pods, namespaces or addresses; `{ namespaceSelector: {} }` is every pod of the cluster.';
    yield { prop, value: peer, reason: 'names nobody, which Kubernetes rejects', fix };
  } else if (given.includes('ipBlock')) {
    if (given.length > 1) {
      const fix = 'Use two peers: one with ipBlock, and one with the selectors.';
      yield { prop, value: peer, reason: 'has both addresses and a selector', fix };
    }
    yield* checkAddresses(`${prop}.ipBlock`, (peer as { readonly ipBlock: unknown }).ipBlock);
  } else {
    for (const [field, selector] of fields)
      if (selector !== undefined) yield* checkSelector(`${prop}.${field}`, selector);
  }
}

function* checkAddresses(prop: string, block: unknown): Generator<InvalidProp> {
  const { cidr, except = [] } = (block ?? {}) as { readonly cidr?: unknown; readonly except?: readonly unknown[] };
  const fix = "Use the first address and the length of the prefix, such as '10.0.0.0/8' or '2001:db8::/32'.";
  const outer = parseCidr(cidr);
  if (outer === undefined) {
    yield { prop: `${prop}.cidr`, value: cidr, reason: 'is not a range of addresses', fix };
    return;
  }
  const inside = new BlockList();
  inside.addSubnet(outer.address, outer.prefix, outer.family);
  for (const [index, value] of except.entries()) {
    const inner = parseCidr(value);
    if (inner === undefined)
      yield { prop: `${prop}.except.${index}`, value, reason: 'is not a range of addresses', fix };
    else if (inner.prefix <= outer.prefix || !inside.check(inner.address, inner.family))
      yield {
        prop: `${prop}.except.${index}`,
        value,
        reason: `is not a part of ${String(cidr)}`,
        fix: 'Use a part of it, with a longer prefix, or leave it out.',
      };
  }
}

interface Cidr {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseCidr(text: unknown): Cidr | undefined {
  const [, address = '', length = ''] = (typeof text === 'string' && /^([\d.a-fA-F:]+)\/(\d{1,3})$/.exec(text)) || [];
  const version = isIP(address);
  const prefix = Number(length);
  const size = version === 4 ? 32 : 128;
  if (version === 0 || prefix > size || String(prefix) !== length) return undefined;
  // Kubernetes refuses bits beyond the prefix, such as in 10.0.0.1/8, since 1.36.
  if (bitsOf(address, version) % 2n ** BigInt(size - prefix) !== 0n) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** Returns an address as a number. */
function bitsOf(address: string, version: number): bigint {
  const number = (parts: readonly string[], base: number, width: bigint): bigint =>
    parts.reduce((sum, part) => (sum << width) | BigInt(parseInt(part, base)), 0n);
  if (version === 4) return number(address.split('.'), 10, 8n);
  // The last two groups may be written as an IPv4 address.
  const hexadecimal = address.replace(/[\d.]+\.\d+$/, (last) => {
    const bits = bitsOf(last, 4);
    return `${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`;
  });
  const [head = [], tail] = hexadecimal.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - head.length - tail.length }, () => '0');
  return number([...head, ...zeros, ...(tail ?? [])], 16, 16n);
}
