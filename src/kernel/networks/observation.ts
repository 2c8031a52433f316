/** What there is in a network's namespace, looked up from the kernel. */
import type { ObservedLink, ObservedNamespace, ObservedUplink } from '../../model/plan/observed.js';
import { learns } from '../../model/plan/quiet.js';
import { NAMESPACE_SYSCTLS } from '../../model/plan/sysctls.js';
import { UPLINK, uplinkEnd } from '../../model/values/names.js';
import type { Ip, NamespaceName } from '../../model/values/types.js';
import type { CryptSpaces } from '../crypt/crypt-space.js';
import { listAddresses } from '../links/addresses.js';
import { readPortFlags } from '../links/bridge-ports.js';
import { readBridge } from '../links/bridges.js';
import { listFdb } from '../links/fdb.js';
import { type KernelLink, listLinks } from '../links/links.js';
import { type KernelNeighbour, listNeighbours } from '../links/neighbours.js';
import { readVxlan } from '../links/vxlan.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { observeFences } from '../rules/gateway-fence.js';
import { hasUplinkRules } from '../rules/uplink-rules.js';
import { readSysctls } from '../system/sysctl.js';
import type { Namespaces, Space } from './namespaces.js';
import { observeUplink } from './uplink.js';

export interface ObservedBy {
  readonly spaces: Namespaces;
  readonly mesh: Pick<CryptSpaces, 'numberFor'>;
  /** In the host's namespace. */
  readonly host: Rtnetlink;
}

/** `part`: see NetworksKernel. Rejects with a KernelError. */
export async function observeNamespace(
  { spaces, mesh: meshSpaces, host }: ObservedBy,
  name: NamespaceName,
  space: Space,
  part?: 'devices',
): Promise<ObservedNamespace> {
  const links = await listLinks(space.socket);
  const addresses = await listAddresses(space.socket);
  const heed = links.some((l) => isFlooding(l) || isUplink(l)) ? 'all rules' : 'filters';
  const filters = await space.filters.observe(new Map(links.map((l) => [l.name, l.index])), heed);
  const acceleration = await space.shortWay?.observe(links, part);
  const nameOf = namesOf(links);
  const mesh = links.some((l) => l.kind === 'vxlan') ? await meshSpaces.numberFor(space.socket) : undefined;
  const fences = space.held.within(() => observeFences(links.filter(isFlooding).map((l) => l.name)));
  const seen = links.map((l) => observed(l, nameOf, mesh, fences.get(l.name)));
  const learning = seen.some(learns);
  const vxlans = new Set(links.filter((l) => l.kind === 'vxlan').map((l) => l.index));
  const neighbours: KernelNeighbour[] = [];
  const all = part === undefined;
  for (const vxlan of all ? vxlans : []) neighbours.push(...(await listNeighbours(space.socket, vxlan)));
  const fdb = learning || !all ? { vteps: [], statics: [] } : await listFdb(space.socket);
  return {
    name,
    ...(spaces.isMounted(space) ? {} : { unmounted: true }),
    ...(learning ? { learning } : {}),
    sysctls: space.held.within(() => readSysctls([...NAMESPACE_SYSCTLS.keys()])),
    links: seen,
    addresses: addresses.map((a) => ({ link: nameOf(a.link), address: a.address })),
    neighbours: neighbours.map((n) => ({ link: nameOf(n.link), ip: n.ip, mac: n.mac })),
    fdb: fdb.vteps.filter((n) => vxlans.has(n.link)).map((n) => ({ link: nameOf(n.link), mac: n.mac, vtep: n.ip })),
    statics: fdb.statics.map((s) => ({ link: nameOf(s.link), mac: s.mac })),
    filters,
    ...(acceleration && { acceleration }),
    ...(links.some(isUplink) ? { uplink: await uplinkOf(host, name, space) } : {}),
  };
}

const isFlooding = ({ kind, data }: KernelLink): boolean => kind === 'vxlan' && !readVxlan(data).proxy;
const isUplink = ({ name, kind }: KernelLink): boolean => name === UPLINK && kind === 'veth';

async function uplinkOf(host: Rtnetlink, name: NamespaceName, space: Space): Promise<ObservedUplink> {
  const isRuled = space.held.within(hasUplinkRules);
  return { ...(await observeUplink(host, space.socket, uplinkEnd(name))), isRuled };
}

/** Names of a dump's links by index; empty for 0 and for what has come since. */
const namesOf = (links: readonly KernelLink[]): ((index: number) => string) => {
  const names = new Map(links.map((l) => [l.index, l.name]));
  return (index) => names.get(index) ?? '';
};

/** `mesh`: the number of its namespace in the link's; undefined where there is none. */
const observed = (
  { data, portData, origin, type: _, ...link }: KernelLink,
  nameOf: (index: number) => string,
  mesh: number | undefined,
  fence: readonly Ip[] | undefined,
): ObservedLink => ({
  ...link,
  master: nameOf(link.master),
  ...(link.kind === 'vxlan'
    ? {
        vxlan: {
          ...readVxlan(data),
          ...(origin !== undefined && origin === mesh ? { meshed: true } : {}),
          ...(fence && { fence }),
        },
      }
    : {}),
  ...(link.kind === 'bridge' ? { bridge: readBridge(data) } : {}),
  ...(link.master === 0 ? {} : { port: readPortFlags(portData) }),
});
