/** What there is of the WireGuard mesh, looked up from the kernel. */
import type { ObservedCrypt, ObservedMesh } from '../../model/crypt/steps.js';
import { listAddresses } from '../links/addresses.js';
import { listLinks } from '../links/links.js';
import { isReceiveOnly } from '../system/sysctl.js';
import type { CryptPlace } from './crypt-executors.js';
import { listRoutes } from './crypt-routes.js';
import type { CryptSpace, CryptSpaces } from './crypt-space.js';

const KIND = 'wireguard';

/** Rejects with a KernelError. */
export async function observeCrypt({ spaces, onHost }: Pick<CryptPlace, 'onHost' | 'spaces'>): Promise<ObservedMesh> {
  const space = spaces.open();
  // Where there is no mesh, nobody may want one: the module is not loaded for a look.
  const isPossible = space === undefined ? onHost.isKnown : await onHost.isThere();
  return { isPossible, ...(space === undefined || !isPossible ? {} : { mesh: await observeIn(spaces, space) }) };
}

async function observeIn(spaces: CryptSpaces, space: CryptSpace): Promise<ObservedCrypt> {
  const links = await listLinks(space.socket);
  const addresses = await listAddresses(space.socket);
  const nameOf = new Map(links.map((l) => [l.index, l.name]));
  const routes = (await listRoutes(space.socket)).flatMap(({ to, link, source }) =>
    source === '' ? [] : [{ to, link: nameOf.get(link) ?? '', source }],
  );
  const devices = [];
  for (const { index, name, up, mtu } of links.filter((l) => l.kind === KIND)) {
    const { key, port = 0, peers } = await space.wireguard.show(name);
    const own = addresses.filter((a) => a.link === index).map((a) => a.address);
    devices.push({ link: name, up, mtu, port, peers, addresses: own, ...(key === undefined ? {} : { key }) });
  }
  return {
    devices,
    strays: links.filter((l) => l.kind !== KIND && l.name !== 'lo').map(({ name, up }) => ({ link: name, up })),
    routes,
    quiet: space.held.within(isReceiveOnly),
    ...(spaces.isMounted(space) ? {} : { unmounted: true }),
  };
}
