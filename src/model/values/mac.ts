/** MAC addresses that are derived. */
import ipaddr from 'ipaddr.js';
import type { Ip, Mac } from './types.js';

/** `02:42` and the last four bytes of the address, as the native overlay derives it from IPv4. */
export const macOf = (ip: Ip): Mac =>
  [
    '02',
    '42',
    ...ipaddr
      .parse(ip)
      .toByteArray()
      .slice(-4)
      .map((b) => b.toString(16).padStart(2, '0')),
  ].join(':') as Mac;
