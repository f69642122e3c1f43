import { BlockList, isIP } from 'node:net';

/** Addresses that lead nowhere outside: https://www.iana.org/assignments/iana-ipv4-special-registry/ and its IPv6 sister. */
const INNER = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  INNER.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 127],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  INNER.addSubnet(network, prefix, 'ipv6');

/** True for an address that the Internet may lead to. Pure. */
export function isPublic(address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  const version = isIP(plain);
  return version !== 0 && !INNER.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

/** True for an address that only this machine reaches. Pure. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\./.test(address);
}
