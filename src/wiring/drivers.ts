/** What the engine calls. */
import { Antispoof } from '../api/antispoof.js';
import { Encryption } from '../api/encryption.js';
import { IpamDriver } from '../api/ipam-driver.js';
import { NetworkDriver } from '../api/network-driver.js';
import type { Config } from '../config/config.js';
import type { Log } from '../health/events.js';
import type { Below, Passes } from './passes.js';

export function makeDrivers(config: Config, log: Log, below: Below, { host, containers }: Passes) {
  const { kernel, memory, drain } = below.ground;
  const { local } = below.cluster;
  const { pools, ipam, networks, endpoints, macs, underway } = below.registry;
  const { sandboxes } = below.names;
  const networkDriver = new NetworkDriver({
    ...{ networks, endpoints, local, memory, drain, host, containers, sandboxes, macs, underway },
    antispoof: new Antispoof(config.antispoof, () => kernel.canFilter()),
    encryption: new Encryption(config.encryption.mode, () => kernel.wireguard.isThere()),
    onRemoval: (text) => log.warn({ event: 'network-stays' }, text),
  });
  const ipamDriver = new IpamDriver({ pools, ipam, networks, underway, defaultPools: config.defaultPools });
  return { networkDriver, ipamDriver };
}
