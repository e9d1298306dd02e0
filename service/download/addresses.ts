import { BlockList, isIPv4 } from 'node:net';
import { privateRanges } from '../contract/index.ts';

/**
 * Addresses that are not public, as of RFC 6890: a URL or a redirect could make a pod read what only it can reach. Node
 * checks an IPv4 address in IPv6 (`::ffff:10.0.0.1`) as the former.
 */
const ipv4 = [
  ...privateRanges.ipv4,
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
const ipv6 = [...privateRanges.ipv6, '::/127', '64:ff9b:1::/48', '2002::/16', 'fe80::/10', 'ff00::/8'];

/** The same addresses of IPv4 behind a gateway of a network that has IPv6 only (RFC 6052). */
const translated = ipv4.map((range) => {
  const [address = '', prefix] = range.split('/');
  return `64:ff9b::${address}/${96 + Number(prefix)}`;
});

/** Returns a function that tells whether an address may be connected to: a public one, or one of the allowed ranges. */
export function addressFilter(allowedRanges: readonly string[]): (address: string) => boolean {
  const [refused, allowed] = [rangesOf([...ipv4, ...ipv6, ...translated]), rangesOf(allowedRanges)];
  return (address) => {
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    const bare = address.replace(/%.*$/, '');
    return allowed.check(bare, family) || !refused.check(bare, family);
  };
}

function rangesOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}
