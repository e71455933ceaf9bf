import { BlockList, isIP } from 'node:net';

/**
 * Why this address is never connected to, or null: link-local addresses and the metadata services of clouds, which hand out
 * the machine's own credentials, also written as IPv6; multicast and broadcast. Pure.
 */
export function forbiddenReason(address: string): string | null {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return null;
  return forbidden.check(bare, family === 6 ? 'ipv6' : 'ipv4')
    ? `${bare} is a link-local, metadata or multicast address, which is never asked`
    : null;
}

/** Names that clouds give to their metadata service. */
export function isMetadataName(host: string): boolean {
  return /^(?:metadata|instance-data)(?:\.(?:google\.internal|goog|ec2\.internal|azure\.internal|platformequinix\.com))?\.?$/i.test(
    host,
  );
}

const forbidden = createList();

function createList(): BlockList {
  const list = new BlockList();
  list.addSubnet('169.254.0.0', 16, 'ipv4');
  list.addSubnet('224.0.0.0', 4, 'ipv4');
  // Alibaba, Azure, Oracle.
  for (const address of ['255.255.255.255', '100.100.100.200', '168.63.129.16', '192.0.0.192']) {
    list.addAddress(address, 'ipv4');
  }
  list.addSubnet('fe80::', 10, 'ipv6');
  list.addSubnet('ff00::', 8, 'ipv6');
  // Amazon, Google.
  for (const address of ['fd00:ec2::254', 'fd20:ce::254']) list.addAddress(address, 'ipv6');
  // 169.254.0.0/16 inside IPv6: compatible, translated (NAT64), 6to4. Mapped addresses are checked as IPv4 by the list itself.
  list.addSubnet('::a9fe:0', 112, 'ipv6');
  list.addSubnet('::ffff:0:a9fe:0', 112, 'ipv6');
  list.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
  list.addSubnet('2002:a9fe::', 32, 'ipv6');
  return list;
}
