/** The DNS names of a container on one network, as the engine's own resolver would know them. */
import type { ListedEndpoint } from '../model/ports/engine-port.js';
import { isId } from '../model/values/shapes.js';

/** What container inspect tells of one network; which fields there are depends on the engine. */
interface NetworkSettings {
  readonly Aliases?: readonly string[] | null;
  /** Engine 25 and later: all names in the resolver's order. */
  readonly DNSNames?: readonly string[] | null;
}

const SHORT_ID = 12;

/** The container's own name first, then aliases and the short id; each once. */
export function namesOf(containerName: string, containerId: string, settings: NetworkSettings): readonly string[] {
  const name = containerName.replace(/^\//, '');
  return [
    ...new Set([name, ...(settings.DNSNames ?? []), ...(settings.Aliases ?? []), containerId.slice(0, SHORT_ID)]),
  ];
}

/** Of an entry in the engine's list of a network; the key is no container's id while the engine has not tied them. */
export const listedOf = (key: string, name: string): ListedEndpoint =>
  isId(key) ? { names: namesOf(name, key, {}), container: key } : { names: [name] };
