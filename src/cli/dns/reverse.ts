/** The name under which a name of an address is asked for: RFC 1035 section 3.5, RFC 3596 section 2.5. */
import ipaddr from 'ipaddr.js';

export function reverseName(ip: string): string {
  const bytes = ipaddr.parse(ip).toByteArray();
  if (bytes.length === 4) return `${bytes.reverse().join('.')}.in-addr.arpa`;
  const digits = bytes.flatMap((b) => [b >> 4, b & 15].map((n) => n.toString(16)));
  return `${digits.reverse().join('.')}.ip6.arpa`;
}
