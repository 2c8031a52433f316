/** Where something is served over TCP. */
import { UserError } from '../errors.js';
import { isIp, parseIp } from '../model/values/address.js';
import type { Ip } from '../model/values/types.js';

export interface Listen {
  readonly host: Ip;
  readonly port: number;
}

const LOOPBACK = parseIp('127.0.0.1');

/**
 * `9464`, `10.0.0.60:9464`, `[fd00::1]:9464`; undefined for nothing and `off`. A port alone is loopback's: whoever wants
 * others to reach it says by which address. Throws a UserError.
 */
export function readListen(setting: string, text: string): Listen | undefined {
  if (text === '' || text === 'off') return undefined;
  const [, host = LOOPBACK, digits] = /^(?:(\[[^\]]+\]|[^:[\]]+):)?(\d{1,5})$/.exec(text) ?? [];
  const name = host === 'localhost' ? LOOPBACK : host.replace(/^\[|\]$/g, '');
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65_535 || !isIp(name))
    throw new UserError(
      `${setting} is "${text}"; it must be a port, which is then loopback's, or address:port: 9464, 10.0.0.60:9464, [fd00::1]:9464, 0.0.0.0:9464`,
    );
  return { host: parseIp(name), port };
}
