/** The probe network in the kernel: its namespace, its VXLAN device, and the ways to those who are probed. */
import { putU8 } from 'netlink/dist/structs.js';
import { isKernelError } from '../../errors.js';
import { type ObservedProbe, type ProbeDevice, probeMac } from '../../model/host/probe.js';
import { familyOf, ipPart } from '../../model/values/address.js';
import { aloneOf, nodeAddressOf } from '../../model/values/canonical.js';
import { PROBE_NAMESPACE, PROBE_VNI, vxlanBirthName } from '../../model/values/names.js';
import type { Ip, NodeAddress } from '../../model/values/types.js';
import { ensureAddress, listAddresses } from '../links/addresses.js';
import type { EntryChange } from '../links/entry-change.js';
import { listFdb } from '../links/fdb.js';
import { addLink, findLink, type KernelLink, linkIndex, removeLink, setLink } from '../links/links.js';
import { listNeighbours, removingNeighbour, replacingNeighbour } from '../links/neighbours.js';
import { listPeerRoutes, removingRoute, replacingRoute } from '../links/routes.js';
import { raiseLink, readVxlan, vxlanData } from '../links/vxlan.js';
import { MOST_AT_ONCE, type Rtnetlink } from '../netlink/rtnetlink.js';
import { IFLA_VXLAN } from '../netlink/uapi.js';
import { Namespaces, type Space } from '../networks/namespaces.js';
import { takeVni } from '../networks/vni.js';
import { ensureProbeFence } from '../rules/probe-fence.js';
import { changeSettings } from '../system/settings.js';
import { IPV6_OFF, ipv6On, RECEIVE_ONLY } from '../system/sysctl.js';

/** Nobody looks at it by its name, so it keeps the one that it was born with. */
const LINK = vxlanBirthName(PROBE_VNI);
/** VXLAN_DF_INHERIT: who probes says whether a datagram may be cut on its way. */
const DF_INHERIT = 2;

export class ProbeSpace {
  private readonly spaces: Namespaces;

  constructor(netnsDir: string) {
    this.spaces = new Namespaces(netnsDir);
  }

  /** Undefined when there is no namespace, or its file is not mounted. Rejects with a KernelError. */
  async observe(): Promise<ObservedProbe | undefined> {
    const space = await this.spaces.open(PROBE_NAMESPACE);
    if (space === undefined || !this.spaces.isMounted(space)) return undefined;
    const link = await findLink(space.socket, LINK);
    if (link?.kind !== 'vxlan') return { device: undefined, ways: new Map() };
    return { device: await deviceOf(space.socket, link), ways: await waysOf(space.socket, link.index) };
  }

  /**
   * `ip link add vx-0000ff type vxlan id 255 …`, in its namespace, with an address alone. Rejects with a UserError when
   * somebody else has the VNI or the port.
   */
  async create(host: Rtnetlink, wish: ProbeDevice): Promise<void> {
    const space = await this.spaces.create(PROBE_NAMESPACE);
    await changeSettings(space.held, [...IPV6_OFF, ...RECEIVE_ONLY]);
    await setLink(space.socket, 'lo', { up: true });
    await removeLink(space.socket, LINK);
    try {
      await this.add(host, space, wish);
    } catch (e) {
      if (!isKernelError(e, 'EEXIST') || !(await takeVni(PROBE_VNI, PROBE_NAMESPACE, this.spaces, host))) throw e;
      await this.add(host, space, wish);
    }
    await ensureProbeFence(space.held.path, LINK, familyOf(wish.address));
    await raiseLink(space.socket, LINK);
    if (familyOf(wish.address) === 6) await changeSettings(space.held, ipv6On(LINK));
    await ensureAddress(space.socket, LINK, aloneOf(wish.address));
  }

  /** Success when it is gone. */
  remove(): Promise<void> {
    return this.spaces.remove(PROBE_NAMESPACE);
  }

  /** Route, neighbour and FDB entry of each. Rejects with a KernelError, ENOENT without the namespace. */
  async open(peers: readonly NodeAddress[]): Promise<void> {
    const space = await this.spaces.require(PROBE_NAMESPACE);
    await change(
      space,
      peers.flatMap((peer) => [
        replacingNeighbour('bridge', LINK, probeMac(peer), peer),
        replacingNeighbour('ip', LINK, probeMac(peer), peer),
        replacingRoute(LINK, peer),
      ]),
    );
  }

  /** Success for those that are gone. */
  async shut(peers: readonly Ip[]): Promise<void> {
    const space = await this.spaces.open(PROBE_NAMESPACE);
    if (space === undefined) return;
    await change(
      space,
      peers.flatMap((peer) => [
        removingRoute(LINK, peer),
        removingNeighbour('ip', LINK, probeMac(peer), peer),
        removingNeighbour('bridge', LINK, probeMac(peer), peer),
      ]),
    );
  }

  /** The namespace stays. */
  close(): void {
    this.spaces.close();
  }

  private add(host: Rtnetlink, space: Space, { address, mtu, port }: ProbeDevice): Promise<void> {
    const data = [...vxlanData(PROBE_VNI, address, port, false), [IFLA_VXLAN.DF, putU8(DF_INHERIT)] as const];
    return space.held.lend((namespace) =>
      addLink(host, { name: LINK, kind: 'vxlan', mac: probeMac(address), mtu, namespace, data }),
    );
  }
}

async function deviceOf(socket: Rtnetlink, link: KernelLink): Promise<ProbeDevice | undefined> {
  const { vni, local, port } = readVxlan(link.data);
  const own = (await listAddresses(socket)).filter((a) => a.link === link.index).map((a) => ipPart(a.address));
  const [address] = own;
  if (!link.up || vni !== PROBE_VNI || own.length !== 1 || address === undefined || local !== address) return undefined;
  return link.mac === probeMac(address) ? { address: nodeAddressOf(address), mtu: link.mtu, port } : undefined;
}

/** Of each address that somebody has put into one of the tables: whether all three have it, as we make them. */
async function waysOf(socket: Rtnetlink, link: number): Promise<ReadonlyMap<Ip, boolean>> {
  const routes = new Set(await listPeerRoutes(socket, link));
  const neighbours = new Map((await listNeighbours(socket, link)).map((n) => [n.ip, n.mac]));
  const entries = (await listFdb(socket)).vteps.filter((n) => n.link === link && n.mac === probeMac(n.ip));
  const fdb = new Set(entries.map((n) => n.ip));
  const isWhole = (ip: Ip): boolean => routes.has(ip) && neighbours.get(ip) === probeMac(ip) && fdb.has(ip);
  return new Map([...routes, ...neighbours.keys(), ...fdb].map((ip) => [ip, isWhole(ip)]));
}

/** Dozens of messages with one send. */
async function change(space: Space, changes: readonly EntryChange[]): Promise<void> {
  const index = await linkIndex(space.socket, LINK, `ip netns exec ${PROBE_NAMESPACE}`);
  for (let i = 0; i < changes.length; i += MOST_AT_ONCE) {
    const some = changes.slice(i, i + MOST_AT_ONCE);
    const errors = await space.socket.all(some.map((one) => ({ ...one, payload: one.payload(index) })));
    const failed = errors.find((error, n) => error && !some[n]?.fine.some((code) => isKernelError(error, code)));
    if (failed !== undefined) throw failed;
  }
}
