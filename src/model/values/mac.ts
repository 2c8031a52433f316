/** MAC addresses that are derived. */
import ipaddr from 'ipaddr.js';
import type { Ip, Mac } from './types.js';

/** `hex`: twelve digits, in lower case. */
export const macText = (hex: string): Mac => hex.replace(/..(?=.)/g, '$&:') as Mac;

/** `02:42` and the last four bytes of the address, as the native overlay derives it from IPv4. */
export const macOf = (ip: Ip): Mac =>
  macText(`0242${Buffer.from(ipaddr.parse(ip).toByteArray().slice(-4)).toString('hex')}`);
