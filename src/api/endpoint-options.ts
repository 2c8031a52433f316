/** The `driver-opt key=value` pairs of `docker run --network` and `docker network connect`. */
import { UserError } from '../errors.js';

/** The engine's own keys stand among the user's. */
const ENGINES = 'com.docker.network.';
const OPTION_IFNAME = 'com.docker.network.endpoint.ifname';

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
