/** The `driver-opt key=value` pairs of `docker run --network` and `docker network connect`. */
import { UserError } from '../errors.js';
import { hasUplink } from '../model/uplink/uplink.js';
import { OPTION_GATEWAY } from '../model/values/names.js';
import type { Network } from '../model/values/types.js';

/** The engine's own keys stand among the user's. */
const ENGINES = 'com.docker.network.';
const PORTS = 'com.docker.network.portmap';
const OPTION_IFNAME = 'com.docker.network.endpoint.ifname';

/** Throws a UserError when ports are to be published where nothing leads from the host's to a container. */
export function checkPorts(options: Readonly<Record<string, unknown>>, network: Network): void {
  const ports = options[PORTS];
  if (hasUplink(network) && Array.isArray(ports) && ports.length > 0)
    throw new UserError(
      `network ${network.announced?.name ?? network.id.slice(0, 12)} has ${OPTION_GATEWAY}=overlay, by which no port of the host leads in; leave out -p, or take a network without that option`,
    );
}

/** Throws a UserError that names an option which would have no effect. */
export function checkEndpointOptions(options: Readonly<Record<string, unknown>>): void {
  if (OPTION_IFNAME in options)
    throw new UserError(
      `option ${OPTION_IFNAME} is not for plugins: the engine names their cards itself; leave it out`,
    );
  const unknown = Object.keys(options).find((key) => !key.startsWith(ENGINES));
  if (unknown !== undefined)
    throw new UserError(`option ${unknown} is unknown to tsoverlay, which has none for endpoints; leave it out`);
}
